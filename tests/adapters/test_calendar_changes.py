"""Following what changes on a calendar."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chouseiapo.adapters.google import account
from chouseiapo.adapters.outlook import asks, reading
from chouseiapo.adapters.outlook.graph import Answer, Ask, Mailbox
from chouseiapo.ports import Changes, PortError
from tests.adapters.homes import Home, LinkedHome, VendorHome
from tests.adapters.recorded import RecordedRequests
from tests.adapters.test_calendars import changed
from tests.product import at


def follow(home: Home, since: str = "", calendar: str = "") -> Changes:
    return home.calendar.changes(home.link, calendar, since, at(24, 0), at(30, 0))


def told(changes: Changes) -> list[str]:
    return [entry.vendor_id for entry in changes.entries]


def test_at_first_everything_in_the_window_is_told(linked: LinkedHome) -> None:
    (placed,) = linked.put(linked.entry())
    foreign = linked.add_foreign("歯医者", at(26, 1), at(26, 2))
    linked.add_foreign("来月", at(26, 1) + timedelta(days=30), at(26, 2) + timedelta(days=30))
    first = follow(linked)
    assert first.whole
    assert told(first) == [placed.vendor_id, foreign]
    assert first.gone == []
    assert first.token
    assert (first.entries[0].start, first.entries[0].etag) == (at(25, 1), placed.etag)


def test_when_nothing_happened_nothing_is_told(linked: LinkedHome) -> None:
    linked.put(linked.entry())
    token = follow(linked).token
    for _ in range(3):
        later = follow(linked, token)
        assert (later.entries, later.gone, later.whole) == ([], [], False)
        token = later.token


def test_what_comes_moves_and_goes_is_told_once(linked: LinkedHome) -> None:
    kept, moved, gone = linked.put(*linked.several(3))
    token = follow(linked).token
    new = linked.add_foreign("歯医者", at(26, 1), at(26, 2))
    linked.move_by_hand(moved.vendor_id, at(28, 1), at(28, 2))
    linked.delete_by_hand(gone.vendor_id)
    later = follow(linked, token)
    assert not later.whole
    assert sorted(told(later)) == sorted([new, moved.vendor_id])
    starts = {entry.vendor_id: entry.start for entry in later.entries}
    assert starts[moved.vendor_id] == at(28, 1)
    assert later.gone == [gone.vendor_id]
    assert kept.vendor_id not in told(later)
    again = follow(linked, later.token)
    assert (again.entries, again.gone) == ([], [])


def test_our_own_writes_are_told_with_the_etag_that_we_know(linked: LinkedHome) -> None:
    entry = linked.entry()
    placed = linked.put(entry)
    token = follow(linked).token
    (now,) = linked.put(changed(entry, confirmed=True), known=placed)
    (seen,) = follow(linked, token).entries
    assert (seen.vendor_id, seen.etag, seen.confirmed) == (now.vendor_id, now.etag, True)


@pytest.mark.parametrize("moved_out", ["cancelled", "event"])
def test_what_is_moved_out_of_the_window_is_told(vendor: VendorHome, moved_out: str) -> None:
    """As gone, or where it is now: either way somebody will look."""
    vendor.outside.turn(google_moved_out=moved_out)
    (placed,) = vendor.put(vendor.entry())
    token = follow(vendor).token
    far = at(25, 1) + timedelta(days=60)
    vendor.move_by_hand(placed.vendor_id, far, far + timedelta(hours=1))
    later = follow(vendor, token)
    assert placed.vendor_id in [*told(later), *later.gone]
    assert all(entry.start == far for entry in later.entries)


def test_a_token_that_is_no_longer_good_asks_for_a_new_beginning(linked: LinkedHome) -> None:
    (placed,) = linked.put(linked.entry())
    token = follow(linked).token
    linked.forget_tokens()
    with pytest.raises(PortError) as caught:
        follow(linked, token)
    assert (caught.value.reason, caught.value.permanent, caught.value.auth) == ("resync", False, False)
    anew = follow(linked)
    assert anew.whole
    assert told(anew) == [placed.vendor_id]
    assert follow(linked, anew.token).entries == []


def test_a_token_that_never_was_one_asks_for_a_new_beginning(linked: LinkedHome) -> None:
    with pytest.raises(PortError) as caught:
        follow(linked, "gibberish")
    assert caught.value.reason == "resync"


def test_a_token_that_does_not_fit_the_question_asks_for_a_new_beginning(vendor: VendorHome) -> None:
    """As when we ask with other parameters than before: only a new beginning can mend that."""
    token = follow(vendor).token
    vendor.fault("status", status=400)
    with pytest.raises(PortError) as caught:
        follow(vendor, token)
    assert caught.value.reason == "resync"
    with pytest.raises(PortError) as caught:
        follow(vendor)
    assert (caught.value.reason.startswith("rejected_400"), caught.value.permanent) == (True, True)


def test_each_calendar_is_followed_by_itself(linked: LinkedHome) -> None:
    calendar = linked.add_calendar("出張")
    own, other = follow(linked), follow(linked, calendar=calendar)
    trip = linked.add_foreign("大阪", at(26, 1), at(26, 2), calendar)
    assert follow(linked, own.token).entries == []
    assert told(follow(linked, other.token, calendar)) == [trip]


def test_changes_are_read_to_their_end(vendor: VendorHome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "LARGEST_PAGE", 2)
    monkeypatch.setattr(asks, "PAGE", 2)
    placed = vendor.put(*vendor.several(5))
    first = follow(vendor)
    assert told(first) == [p.vendor_id for p in placed]
    vendor.remove(*placed[:3])
    vendor.requests()
    assert sorted(follow(vendor, first.token).gone) == sorted(p.vendor_id for p in placed[:3])
    assert len(vendor.requests()) == 2


def test_a_vendor_in_trouble_leaves_the_token_good(vendor: VendorHome) -> None:
    token = follow(vendor).token
    vendor.fault("status", status=429, retry_after_s=5)
    with pytest.raises(PortError) as caught:
        follow(vendor, token)
    assert (caught.value.reason, caught.value.retry_after) == ("throttled", 5)
    vendor.outside.calm()
    assert not follow(vendor, token).whole


def test_a_calendar_that_is_gone_can_t_be_followed(vendor: VendorHome) -> None:
    calendar = vendor.add_calendar("出張")
    token = follow(vendor, calendar=calendar).token
    vendor.share("出張", "none", calendar)
    for since in ("", token):
        with pytest.raises(PortError) as caught:
            follow(vendor, since, calendar)
        assert (caught.value.reason, caught.value.auth) == ("calendar_not_found", False)


def test_the_token_is_never_sent_where_a_link_leads_elsewhere(
    outlook: VendorHome, recorded_requests: RecordedRequests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Graph's links are followed as they are: but only to Graph."""
    elsewhere = "https://graph.example.net/v1.0/me/calendarView/delta?$deltatoken=x"
    outlook.vault.access_token(outlook.link)
    recorded_requests.clear()
    with pytest.raises(PortError) as caught:
        follow(outlook, elsewhere)
    assert caught.value.reason == "resync"
    assert recorded_requests == []
    answer = Mailbox.answer

    def misled(self: Mailbox, ask: Ask) -> Answer:
        said = answer(self, ask)
        del said.body["@odata.deltaLink"]
        return said._replace(body=said.body | {"@odata.nextLink": elsewhere})

    monkeypatch.setattr(Mailbox, "answer", misled)
    with pytest.raises(PortError) as caught:
        follow(outlook)
    assert (caught.value.reason, caught.value.permanent) == ("rejected_elsewhere", True)
    assert all(outlook.outside.url in recorded.url for recorded in recorded_requests)


def test_an_occurrence_is_what_its_series_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """Graph tells of occurrences little more than their times; their master is no entry itself."""
    times = {name: {"dateTime": "2026-11-25T01:00:00", "timeZone": "UTC"} for name in ("start", "end")}
    series: dict[str, Any] = {"type": "seriesMaster", "subject": "朝会", "showAs": "free", **times}
    page = [
        {"id": "master", **series},
        {"id": "first", "type": "occurrence", "seriesMasterId": "master", **times},
        {"id": "other", "type": "occurrence", "seriesMasterId": "not told", **times},
        {"id": "gone", "@removed": {"reason": "deleted"}},
    ]
    answer = Answer(200, {"value": page, "@odata.deltaLink": "next"}, None)
    monkeypatch.setattr(Mailbox, "answer", lambda *_: answer)
    found = reading.changes(Mailbox(None, "link"), "", "", at(24, 0), at(30, 0))  # type: ignore[arg-type]
    assert [(e.vendor_id, e.title, e.free) for e in found.entries] == [
        ("first", "朝会", True),
        ("other", "", False),
    ]
    assert found.gone == ["gone"]


def test_nobody_s_hand_changes_the_built_in_calendar(builtin: Home) -> None:
    builtin.put(builtin.entry())
    assert follow(builtin) == Changes([], [], "", whole=False)
