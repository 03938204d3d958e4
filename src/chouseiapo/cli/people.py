"""Commands about people: members, their tokens and sessions; guests to be forgotten."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from chouseiapo.cli import hosting, linking
from chouseiapo.cli.terminal import BY_OPERATOR, Refused, catch_up, command, member_with, say, services, words
from chouseiapo.domain.errors import NotOver
from chouseiapo.domain.member import Role
from projections.guests import UNREADABLE, Naming, appointments_of
from projections.people import find_people

TO_COME = "still open or to come: cancel it, or --cancel"
UNREAD = "an event of it can't be read; a newer release may have written it: erase with that one"


def add_to(commands: Any) -> None:
    members = words(commands, "member", "people of the company")
    _registering(members)
    linking.add_to_members(members)
    linking.add_to_rooms(words(commands, "room", "rooms and their calendars"))
    hosting.add_to_hosts(words(commands, "host", "the organization's Zoom hosts"))
    invited = command(commands, "invite", invite, "print and mail a one-time sign-in link")
    invited.add_argument("email")
    _tokens(words(commands, "token", "API tokens"))
    erased = command(
        words(commands, "guest", "guests"),
        "erase",
        erase_guest,
        "forget a guest for ever: what happened stays, who it was reads as （消去済み）",
    )
    erased.add_argument("who", metavar="EMAIL|APPOINTMENT", help="all of an address, or one appointment's id")
    erased.add_argument(
        "--cancel", action="store_true", help="cancel first what is still open or to come; else it is refused"
    )


def _registering(members: Any) -> None:
    added = command(members, "add", add_member, "register a person")
    added.add_argument("email")
    added.add_argument("name")
    added.add_argument("--kana", default="")
    added.add_argument("--latin", default="")
    added.add_argument("--administrator", action="store_true")
    command(members, "list", list_members, "everybody")
    changed = command(members, "set", set_member, "set a person's language and time zone")
    changed.add_argument("email")
    changed.add_argument("--language", metavar="ja|en", help="'' for the organization's")
    changed.add_argument("--zone", metavar="Asia/Tokyo", help="an IANA name, or '' for the organization's")
    out = command(members, "sign-out", sign_member_out, "end a person's sessions on every device")
    out.add_argument("email")
    ended = command(members, "revoke-feed", revoke_feed, "end the address of a person's calendar feed")
    ended.add_argument("email")


def _tokens(tokens: Any) -> None:
    created = command(tokens, "create", create_token, "print a new token, once")
    created.add_argument("--member", required=True, metavar="EMAIL")
    listed = command(tokens, "list", list_tokens, "every token: its id, whose it is, since when")
    listed.add_argument("--member", metavar="EMAIL", help="only this person's")
    revoked = command(tokens, "revoke", revoke_token, "end a token at once")
    revoked.add_argument("id", metavar="ID", help="as `token list` prints it")


def add_member(asked: Namespace) -> None:
    role = Role.ADMINISTRATOR if asked.administrator else Role.MEMBER
    with services() as built:
        member = built.coordination.register_member(
            asked.email, asked.name, BY_OPERATOR, built.clock(), role=role, kana=asked.kana, latin=asked.latin
        )
        say({"id": member.id, "email": member.email})


def list_members(_: Namespace) -> None:
    with services() as built:
        catch_up(built)
        for person in find_people(built.rows, "member"):
            say({"id": person.id, "email": person.email, "name": person.name})


def set_member(asked: Namespace) -> None:
    with services() as built:
        id = member_with(built, asked.email).id
        built.coordination.choose_locality(id, asked.language, asked.zone, BY_OPERATOR, built.clock())
        member = built.coordination.member(id)
        say({"email": member.email, "language": member.locale, "zone": member.time_zone})


def sign_member_out(asked: Namespace) -> None:
    with services() as built:
        say({"sessions_ended": built.access.close_sessions(member_with(built, asked.email).id)})


def revoke_feed(asked: Namespace) -> None:
    with services() as built:
        member = member_with(built, asked.email)
        built.coordination.revoke_feed(member.id, BY_OPERATOR, built.clock())
        say({"feed_revoked": bool(member.feed)})


def invite(asked: Namespace) -> None:
    with services() as built:
        print(built.mail_sign_in_link(member_with(built, asked.email).id, built.clock()))


def create_token(asked: Namespace) -> None:
    with services() as built:
        print(built.access.new_api_token(member_with(built, asked.member).id, built.clock()))


def list_tokens(asked: Namespace) -> None:
    with services() as built:
        whose = member_with(built, asked.member).id if asked.member else None
        for token in built.access.api_tokens(whose):
            email = built.coordination.member(token.member).email
            say(
                {
                    "id": token.id,
                    "member": email,
                    "created_at": token.created_at.isoformat(timespec="seconds"),
                }
            )


def revoke_token(asked: Namespace) -> None:
    with services() as built:
        if not built.access.revoke_api_token(asked.id):
            raise Refused("there is no such token; chouseiapo token list shows their ids")
        say({"revoked": asked.id})


def erase_guest(asked: Namespace) -> int:
    with services() as built:
        one = asked.who.startswith("appointment-")
        naming = Naming([asked.who], []) if one else appointments_of(built.coordination, asked.who)
        if not any(naming):
            raise Refused(f"no appointment names {asked.who}")
        kept = dict.fromkeys(naming.unreadable, UNREAD)
        for id in naming.appointments:
            try:
                built.erase_guest(id, BY_OPERATOR, cancel=asked.cancel)
                say({"appointment": id, "erased": True})
            except NotOver:
                kept[id] = TO_COME
            except UNREADABLE:
                kept[id] = UNREAD
        for id, why in kept.items():
            say({"appointment": id, "erased": False, "why": why})
        catch_up(built)
        built.rows.shred()
    return 1 if kept else 0
