"""Forgetting a guest, told as given / when / then."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chouseiapo.domain import errors
from chouseiapo.domain.appointment import Appointment, Edit
from chouseiapo.domain.event import ERASED, Event
from chouseiapo.domain.proposal import Guest, Meeting, Platform
from tests.domain.given import NOW, YAMADA, at, given, happened, proposed, when

A = Appointment
CONFIRMED = happened(A.Confirmed, candidate="c1", guest=YAMADA)
ISSUED = happened(A.MeetingIssued, meeting=Meeting("https://zoom.example/1"), host="zoom-1")
ERASURE = happened(A.GuestErased)
AFTER = at(25, 2)


def erase(now: Any = AFTER) -> Any:
    return lambda a: a.erase_guest(now)


@pytest.mark.parametrize("end", [happened(A.Cancelled), happened(A.Expired), CONFIRMED])
def test_once_it_is_over_the_guest_is_forgotten_once(end: Event) -> None:
    assert when(given(proposed(), end), erase()) == [(A.GuestErased, {})]
    assert when(given(proposed(), end, ERASURE), erase()) == []


@pytest.mark.parametrize(("events", "now"), [([], NOW), ([CONFIRMED], AFTER - timedelta(seconds=1))])
def test_what_is_open_or_to_come_keeps_its_guest(events: list[Event], now: Any) -> None:
    with pytest.raises(errors.NotOver):
        given(proposed(), *events).erase_guest(now)


def test_nothing_of_the_guest_is_remembered_and_the_time_stays() -> None:
    told = proposed(title="極秘", message="伝言", note="メモ", place="ABC本社", platform=Platform.ZOOM)
    erased = given(told, CONFIRMED, ISSUED, ERASURE)
    assert (erased.guest, erased.title) == (Guest(name=ERASED), ERASED)
    assert (erased.message, erased.note, erased.place, erased.meeting) == ("", "", "", None)
    assert erased.chosen is not None
    assert not erased.awaits_meeting


def test_nothing_is_written_about_the_forgotten_any_more() -> None:
    erased = given(proposed(platform=Platform.ZOOM), CONFIRMED, ERASURE)
    with pytest.raises(errors.Over):
        erased.edit(Edit(note="山田様"), AFTER)
    with pytest.raises(errors.Over):
        erased.cancel("", AFTER)
    assert when(erased, lambda a: a.issue_meeting(Meeting("https://zoom.example/2"), "zoom-1", AFTER)) == []
    assert when(erased, lambda a: a.delay_meeting(AFTER)) == []
