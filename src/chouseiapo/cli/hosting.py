"""Commands about the organization's Zoom hosts: its own users, who serve members without Zoom."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from chouseiapo.accounts.zoom_organization import ZoomUser
from chouseiapo.bootstrap import Services
from chouseiapo.cli.linking import unlink_each
from chouseiapo.cli.terminal import BY_OPERATOR, Refused, command, say, services
from chouseiapo.domain.links import Leaving
from projections.host_writes import written


def add_to_hosts(hosts: Any) -> None:
    command(hosts, "list", list_hosts, "every user of the organization's Zoom account: who hosts, who could")
    added = command(hosts, "add", add_host, "let a user host for members without Zoom")
    removed = command(hosts, "remove", remove_host, "let a user host no longer")
    for each in (added, removed):
        each.add_argument("email")
    removed.add_argument(
        "--leave",
        choices=[Leaving.REMOVE.value, Leaving.KEEP.value],
        default=Leaving.KEEP.value,
        help="what becomes of the meetings there: remove those to come, keep all (default)",
    )


def list_hosts(_: Namespace) -> None:
    with services() as built:
        standing = {link.account: link for link in built.coordination.organization().links.values()}
        most = built.conferencing.writes_a_day
        for user in _users(built):
            link = standing.get(user.email)
            used = written(built.rows, link.id, built.clock()) if link else 0
            told = {
                "hosts": link is not None,
                "broken": link.broken if link else "",
                "today": f"{used}/{most}",
            }
            say({"email": user.email, "name": user.name, "plan": user.plan, **told})


def add_host(asked: Namespace) -> None:
    with services() as built:
        user = next((each for each in _users(built) if each.email == asked.email), None)
        if user is None:
            raise Refused(f"{asked.email} is no active user of the organization's Zoom account")
        if not user.licensed:
            raise Refused(f"{asked.email} has no license: meetings there would end after 40 minutes")
        say({"link": built.keep_host(user, BY_OPERATOR), "plan": user.plan})


def remove_host(asked: Namespace) -> None:
    with services() as built:
        links = built.coordination.organization().links.values()
        link = next((each.id for each in links if each.account == asked.email), "")
        if not link:
            raise Refused(f"{asked.email} is no host")
        built.coordination.unlink(link, BY_OPERATOR, built.clock(), Leaving(asked.leave))
        unlink_each(built, [link])


def _users(built: Services) -> list[ZoomUser]:
    """Raises PortError when Zoom can't be asked."""
    if not built.zoom_organization.is_known:
        raise Refused("set ZOOM_ACCOUNT_ID, ZOOM_S2S_CLIENT_ID and ZOOM_S2S_CLIENT_SECRET")
    return built.zoom_organization.users()
