"""Accounts that speak for members and rooms: linked, chosen from, broken, healed, gone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chouseiapo.domain.errors import NotFound
from chouseiapo.domain.event import Event
from chouseiapo.domain.ids import link_id, link_owner
from chouseiapo.domain.links import Leaving, Linkable, Provider
from chouseiapo.domain.member import Member
from chouseiapo.domain.room import Room
from tests.domain.given import NOW

GOOGLE, OUTLOOK, ZOOM = "google-1-a", "microsoft-1-b", "zoom-1-c"
OWN: dict[str, Any] = {"calendar": ""}


def linked(kind: type[Linkable] = Member) -> Linkable:
    owner = kind(f"{kind.__name__.lower()}-1")
    owner.link(GOOGLE, Provider.GOOGLE, "tanaka@example.com", NOW)
    owner.collect_events()
    return owner


def names(owner: Linkable) -> list[str]:
    events: list[Any] = list(owner.collect_events())
    return [event.NAME.partition(".")[2] for event in events if isinstance(event, Event)]


def test_another_calendar_takes_the_place_of_the_first_and_zoom_of_neither() -> None:
    owner = linked()
    owner.link(ZOOM, Provider.ZOOM, "tanaka@example.com", NOW)
    owner.link(OUTLOOK, Provider.MICROSOFT, "tanaka@example.com", NOW)
    assert names(owner) == ["linked", "unlinked", "linked"]
    assert set(owner.links) == {ZOOM, OUTLOOK}


def test_the_same_account_linked_again_is_news_only_when_something_is_new() -> None:
    owner = linked()
    owner.link(GOOGLE, Provider.GOOGLE, "tanaka@example.com", NOW)
    assert names(owner) == []
    owner.link(GOOGLE, Provider.GOOGLE, "tanaka@example.com", NOW, ends_at=NOW + timedelta(days=7))
    assert names(owner) == ["linked"]


def test_linked_again_it_keeps_what_was_chosen() -> None:
    owner = linked()
    owner.choose_calendar(
        GOOGLE, NOW, calendar="team", name="営業部", busy=("", "team"), tentative_busy=False
    )
    owner.break_link(GOOGLE, "token_refused", NOW)
    owner.link(GOOGLE, Provider.GOOGLE, "tanaka@example.com", NOW)
    link = owner.links[GOOGLE]
    assert (link.broken, link.calendar, link.busy, link.tentative_busy) == ("", "team", ("", "team"), False)
    assert not link.is_plain


def test_to_choose_what_stands_is_said_once() -> None:
    owner = linked()
    owner.choose_calendar(GOOGLE, NOW, **OWN)
    owner.choose_calendar(GOOGLE, NOW, **OWN, busy=("",))
    assert names(owner) == ["calendar-chosen"]
    assert owner.links[GOOGLE].is_plain


def test_a_rooms_calendar_is_used_once_it_is_chosen() -> None:
    """Whoever signed in for it has calendars of their own."""
    room, member = linked(Room), linked()
    assert room.calendar_in_use is None
    assert member.calendar_in_use is member.calendar
    room.choose_calendar(GOOGLE, NOW, **OWN)
    assert room.calendar_in_use is room.calendar


def test_a_disappearance_is_asked_about_once_and_answered_once() -> None:
    owner = linked()
    owner.note_vanished(GOOGLE, 12, NOW)
    owner.note_vanished(GOOGLE, 13, NOW)
    assert owner.links[GOOGLE].vanished == 12
    owner.answer_vanished(GOOGLE, True, NOW)
    owner.answer_vanished(GOOGLE, False, NOW)
    assert names(owner) == ["entries-vanished", "vanishing-answered"]
    assert owner.links[GOOGLE].vanished == 0


def test_what_is_left_behind_is_remembered_until_the_account_is_linked_again() -> None:
    owner = linked()
    owner.unlink(GOOGLE, NOW, Leaving.KEEP)
    assert (owner.calendar, owner.left) == (None, {GOOGLE: Leaving.KEEP})
    owner.link(GOOGLE, Provider.GOOGLE, "tanaka@example.com", NOW)
    assert owner.left == {}


def test_what_is_not_linked_can_not_be_asked_for_anything() -> None:
    owner = linked()
    with pytest.raises(NotFound):
        owner.unlink(OUTLOOK, NOW)
    with pytest.raises(NotFound):
        owner.choose_calendar(OUTLOOK, NOW, **OWN)
    with pytest.raises(NotFound):
        owner.answer_vanished(OUTLOOK, True, NOW)


@pytest.mark.parametrize("owner", ["member-" + "a" * 32, "room-" + "b" * 32])
def test_a_links_id_tells_whose_it_is_and_hides_the_account(owner: str) -> None:
    link = link_id("google", owner, "tanaka@example.com")
    assert link_owner(link) == owner
    assert "tanaka" not in link
    assert link_owner(f"builtin-{owner}") == owner
