"""Commands about rooms, and about the accounts that speak for members and rooms."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from typing import Any

from chouseiapo.bootstrap import Services
from chouseiapo.cli.terminal import BY_OPERATOR, Refused, catch_up, command, member_with, say, services
from chouseiapo.domain.errors import NotFound
from chouseiapo.domain.links import Leaving, Link, Linkable, Provider
from projections.holds import LEDGER as HOLDS
from projections.meetings import LEDGER as MEETINGS
from projections.people import find_people
from projections.place_holds import is_used, left_on, let_go

# How long the entries on a calendar that is unlinked, or the meetings of a host, may take to be removed.
PATIENCE_S = 20.0
LINKING = (
    "link an account by its refresh token (read from standard input; CalDAV: {url, user, password} as JSON)"
)
UNLINK = "unlink an account: its tokens are destroyed, entries move to the built-in calendar"


def add_to_members(members: Any) -> None:
    linked = command(members, "link", link_member, LINKING)
    unlinked = command(members, "unlink", unlink_member, UNLINK)
    for each in (linked, unlinked):
        each.add_argument("email")
        each.add_argument("provider", choices=[p.value for p in Provider])
    _leaving(unlinked)


def add_to_rooms(rooms: Any) -> None:
    added = command(rooms, "add", add_room, "register a room")
    added.add_argument("name")
    added.add_argument("--seats", type=int, default=0)
    command(rooms, "list", list_rooms, "every room: its id, and the calendar it has")
    linked = command(rooms, "link", link_room, LINKING)
    unlinked = command(rooms, "unlink", unlink_room, UNLINK)
    for each in (linked, unlinked):
        each.add_argument("room", metavar="ID", help="as `room list` prints it")
        each.add_argument("provider", choices=[p.value for p in Provider if p is not Provider.ZOOM])
    linked.add_argument(
        "--calendar",
        metavar="ADDRESS",
        default="",
        help="the room's calendar, unless it is the account's own",
    )
    _leaving(unlinked)


def _leaving(unlinked: ArgumentParser) -> None:
    unlinked.add_argument(
        "--leave",
        choices=[each.value for each in Leaving],
        default=Leaving.KEEP_CONFIRMED.value,
        help="what becomes of entries there: remove all, keep the confirmed ones (default), keep all",
    )


def link_member(asked: Namespace) -> None:
    with services() as built:
        email = member_with(built, asked.email).email
        link = built.link(email, Provider(asked.provider), sys.stdin.read().strip(), BY_OPERATOR)
        say({"link": link})


def unlink_member(asked: Namespace) -> None:
    with services() as built:
        _unlink(built, member_with(built, asked.email), asked, asked.email)


def add_room(asked: Namespace) -> None:
    if not asked.name.strip():
        raise Refused("a room needs a name")
    with services() as built:
        room = built.coordination.add_room(asked.name, asked.seats, BY_OPERATOR, built.clock())
        say({"id": room.id, "name": room.name})


def list_rooms(_: Namespace) -> None:
    with services() as built:
        catch_up(built)
        for person in find_people(built.rows, "room"):
            room = built.coordination.room(person.id)
            say({"id": room.id, "name": room.name, "seats": room.seats, "calendar": _told(room.calendar)})


def link_room(asked: Namespace) -> None:
    with services() as built:
        room = _room(built, asked.room)
        link = built.link_to(room.id, Provider(asked.provider), sys.stdin.read().strip(), BY_OPERATOR)
        chosen = {"calendar": asked.calendar, "name": asked.calendar}
        built.coordination.choose_calendar(link, BY_OPERATOR, built.clock(), **chosen)
        say({"link": link})


def unlink_room(asked: Namespace) -> None:
    with services() as built:
        room = _room(built, asked.room)
        _unlink(built, room, asked, room.id)


def _room(built: Services, id: str) -> Linkable:
    try:
        return built.coordination.room(id)
    except NotFound:
        raise Refused(f"there is no room {id}; chouseiapo room list shows their ids") from None


def _told(link: Link | None) -> str | None:
    if link is None:
        return None
    return (
        f"{link.provider.value} {link.calendar or link.account}{f' ({link.broken})' if link.broken else ''}"
    )


def _unlink(built: Services, owner: Linkable, asked: Namespace, who: str) -> None:
    provider, leave = Provider(asked.provider), Leaving(asked.leave)
    try:
        links = {built.coordination.unlink_account(owner.id, provider, BY_OPERATOR, built.clock(), leave)}
    except NotFound:
        links = set()
    # What another account replaced, or an interrupted unlinking left, goes with it.
    links |= {
        held.link
        for held in built.vault.held()
        if (held.member, held.provider) == (owner.id, provider)
        and not built.coordination.is_linked(held.link)
    }
    if not links:
        raise Refused(f"{who} has no {asked.provider} account linked")
    unlink_each(built, sorted(links))


def unlink_each(built: Services, links: Iterable[str]) -> None:
    """Do what is still to be done through links that speak no more, then destroy their tokens."""
    for link in links:
        left = _clear(built, link)
        built.forget_account(link)
        let_go(built.rows, link)
        say({"unlinked": link, "left_on_the_calendar": left})


def _clear(built: Services, link: str) -> int:
    """Remove our entries from the calendar, or meetings from the host, while the tokens live; answers how
    many entries stay although they should not."""
    from chouseiapo.worker import Worker

    until, working = time.monotonic() + PATIENCE_S, Worker(built)
    while True:
        working.settle(HOLDS, MEETINGS)
        left, at_work = left_on(built.rows, link)
        if not (at_work or is_used(built.rows, link, built.clock())) or time.monotonic() > until:
            return left
        time.sleep(0.5)
