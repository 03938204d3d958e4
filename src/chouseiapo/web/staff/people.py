"""Members and rooms as the staff's pages show them: by name, with the health of what they have linked."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from flask import g

from chouseiapo import wording
from chouseiapo.domain.ids import is_of
from chouseiapo.domain.member import Member
from chouseiapo.domain.proposal import Kind
from chouseiapo.web.i18n import _
from chouseiapo.web.request import services
from chouseiapo.web.staff import words
from chouseiapo.web.staff.cards import healths_of
from chouseiapo.web.staff.health import BUILT_IN, Health
from projections.people import Person, find_people

MOST_FOUND = 8


class Shown(msgspec.Struct, frozen=True):
    """A person with their calendar's health (built_in, ok, attention, broken), in words, and the remedy."""

    id: str
    name: str
    email: str
    state: str
    calendar: str
    remedy: str = ""
    zoom: str = ""


def shown(id: str) -> Shown | None:
    """None for somebody who is not registered."""
    return next(iter(all_shown([id])), None)


def all_shown(ids: Sequence[str]) -> list[Shown]:
    """Those of them who are registered, however many in two reads."""
    owners = services().coordination.owners(id for id in ids if is_of("member", id)).values()
    members = [owner for owner in owners if isinstance(owner, Member) and owner.version]
    healths = healths_of([member.calendar for member in members])
    return [
        Shown(member.id, member.name, member.email, *_calendar_health(member, how), zoom_health(member))
        for member, how in zip(members, healths, strict=True)
    ]


def _calendar_health(member: Member, found: Health) -> tuple[str, str, str]:
    """State, name of the calendar and what is wrong with it, and what whoever reads it can do."""
    link = member.calendar
    if link is None:
        return BUILT_IN, words.said(words.BUILT_IN), ""
    name = words.said(words.PROVIDERS[link.provider])
    mine = not found.action or member.id == g.member.id
    remedy = found.remedy if mine or not found.what else words.said(_("本人が「設定」のページで直せます。"))
    return found.state, f"{name}: {found.what}" if found.what else name, remedy


def zoom_health(member: Member) -> str:
    """linked, broken, or nothing where there is none."""
    if member.zoom is None:
        return ""
    return "broken" if member.zoom.broken else "linked"


def found(query: str, besides: Sequence[str]) -> list[Shown]:
    """Who could be added: by name, kana or Latin letters; without a query, the first few."""
    everybody = find_people(services().rows, "member", query, MOST_FOUND + len(besides))
    return all_shown([person.id for person in everybody if person.id not in besides][:MOST_FOUND])


def rooms() -> list[Person]:
    return find_people(services().rows, "room")


def name_of(resource: str) -> str:
    """The name of a member or room."""
    app = services().coordination
    return app.member(resource).name if resource.startswith("member-") else app.room(resource).name


def addressed(resource: str) -> str:
    """The name as a sentence calls it: 「田中 一郎さん」, 「会議室A」."""
    name = name_of(resource)
    return wording.person(name, g.locale, guest=False) if resource.startswith("member-") else name


def calendar_of(resource: str) -> str:
    """Which calendar of a member or room is written, in words."""
    link = services().entry_writer.link_of(resource)
    provider = link.partition("-")[0]
    return words.said(words.PROVIDERS.get(provider, words.BUILT_IN))


def blank_title(kind: Kind, organizer: str) -> str:
    """What the guest reads where the title is left blank; nobody may lead yet."""
    host = services().settings.company or (name_of(organizer) if organizer else "")
    return wording.title_for_guest("", kind, host, g.locale)
