"""The organization's Zoom hosts, for administrators: whose accounts host for those who have no Zoom of their
own. Who there is, Zoom says whenever the page is looked at.
"""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, g, redirect, render_template, request, url_for

from chouseiapo.accounts.zoom_organization import ZoomUser
from chouseiapo.domain.ids import is_of, link_id, link_owner
from chouseiapo.domain.links import Leaving, Link, Provider
from chouseiapo.domain.organization import ORGANIZATION
from chouseiapo.ports import PortError
from chouseiapo.web import limits
from chouseiapo.web.i18n import _
from chouseiapo.web.request import services
from chouseiapo.web.staff import people, session, words
from chouseiapo.web.staff.frame import administrators_only
from chouseiapo.web.staff.picking import number
from chouseiapo.web.staff.words import Trouble
from chouseiapo.web.staff.zoom import MOST_NAMED, coming_meetings

hosts = Blueprint("hosts", __name__, url_prefix="/settings/organization/hosts")
PAGE = 25
LACKING = (
    "CHOUSEIAPO_ZOOM_ACCOUNT_ID",
    "CHOUSEIAPO_ZOOM_S2S_CLIENT_ID",
    "CHOUSEIAPO_ZOOM_S2S_CLIENT_SECRET",
)
DONE = {
    "chosen": _("ホストに加えました。"),
    "removed": _("ホストから外しました。"),
}
REFUSED = {
    "basic": _("無料(ベーシック)のユーザーは、会社のホストにできません。"),
    "refused": _("Zoomでこのユーザーを確かめられず、ホストに加えていません。もう一度お試しください。"),
}


class Host(msgspec.Struct, frozen=True):
    """An account that hosts; what is wrong with it, in words."""

    link: str
    account: str
    plan: str
    trouble: Trouble | None = None


@hosts.get("")
@session.signed_in
def page() -> Any:
    administrators_only()
    known = services().zoom_organization.is_known
    users, trouble = _users() if known else ([], None)
    standing = services().coordination.organization().links
    query = request.args.get("q", "").strip()
    found = [user for user in users if _fits(user, query) and _link(user.id) not in standing]
    shown = _page_shown()
    return render_template(
        "staff/hosts.html",
        lacking=() if known else LACKING,
        hosts=[_host(link) for link in standing.values()],
        query=query,
        users=[(user, _speaks_for(user)) for user in found[: shown * PAGE]],
        more=shown + 1 if len(found) > shown * PAGE else 0,
        left=len(found) - shown * PAGE,
        total=len(users),
        trouble=trouble,
        done=DONE.get(request.args.get("done", ""), ""),
        refusal=REFUSED.get(request.args.get("done", ""), ""),
    )


@hosts.post("/choose")
@session.signed_in
def choose() -> Any:
    """Let somebody's account host: asked at Zoom once more, because plans change."""
    administrators_only()
    limits.hit(limits.LINKINGS, g.member.id)
    users, asked = _users()[0], request.form.get("user", "")
    user = next((each for each in users if each.id == asked), None)
    if user is None:
        return redirect(url_for("hosts.page", done="refused"), 303)
    if not user.licensed:
        return redirect(url_for("hosts.page", done="basic"), 303)
    services().keep_host(user, session.command())
    return redirect(url_for("hosts.page", done="chosen"), 303)


@hosts.get("/remove")
@session.signed_in
def before_removing() -> Any:
    """What becomes of the meetings to come."""
    administrators_only()
    link = services().coordination.organization().links.get(request.args.get("link", ""))
    if link is None:
        return redirect(url_for("hosts.page"), 303)
    coming = coming_meetings(link.id)
    return render_template(
        "staff/host_removing.html", link=link, count=len(coming), named=coming[:MOST_NAMED]
    )


@hosts.post("/remove")
@session.signed_in
def remove() -> Any:
    """Sent twice it is done once."""
    administrators_only()
    link = services().coordination.organization().links.get(request.form.get("link", ""))
    if link is not None:
        away = request.form.get("leave") == Leaving.REMOVE and not link.broken
        leave = Leaving.REMOVE if away else Leaving.KEEP
        services().coordination.unlink(link.id, session.command(), g.now, leave)
    return redirect(url_for("hosts.page", done="removed"), 303)


def _users() -> tuple[list[ZoomUser], Trouble | None]:
    """Everybody in the organization's Zoom, those who can host first; or why nobody can be named."""
    limits.hit(limits.CHOICES, g.member.id)
    try:
        return services().zoom_organization.users(), None
    except PortError as error:
        return [], words.in_words(_TROUBLES.get(error.reason, _REFUSED))


def _host(link: Link) -> Host:
    return Host(link.id, link.account, link.plan, words.trouble(link.broken) if link.broken else None)


def _speaks_for(user: ZoomUser) -> str:
    """The member who would lose the account."""
    holder = services().coordination.account(_link(user.id)).holder
    owner = link_owner(holder) if holder else ""
    return people.addressed(owner) if is_of("member", owner) else ""


def _fits(user: ZoomUser, query: str) -> bool:
    return query.casefold() in f"{user.name} {user.email}".casefold()


def _link(user: str) -> str:
    return link_id(Provider.ZOOM, ORGANIZATION, user)


def _page_shown() -> int:
    """How many pages of the list are shown together."""
    return max(1, number(request.args.get("pages", ""), digits=3) or 1)


_REFUSED = Trouble(
    _("Zoomに断られました。"), _("Zoomのアプリに、ユーザーの一覧を読むスコープがあるか確かめてください。")
)
_TROUBLES = {
    "unreachable": Trouble(_("Zoomにつながりません。"), _("しばらくしてから、もう一度お試しください。")),
    "client_refused": Trouble(
        _("Zoomが会社のアプリの設定を受け付けませんでした。"),
        _("アカウントIDとクライアントID、シークレットを確かめてください。"),
    ),
}
