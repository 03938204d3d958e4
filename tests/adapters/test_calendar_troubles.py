"""What calendars beyond a network do on bad days: lost answers, refusals, hands that meddle."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chouseiapo.accounts.vault import Vault
from chouseiapo.adapters.google import GoogleCalendar
from chouseiapo.adapters.outlook import OutlookCalendar
from chouseiapo.config import Settings
from chouseiapo.ports import Placed, PortError
from tests.adapters.homes import LINK_LINE, VendorHome
from tests.adapters.recorded import RecordedRequests
from tests.adapters.test_calendars import changed
from tests.product import at


def failure(home: VendorHome, *candidates: str, known: Placed | None = None) -> PortError:
    """What putting these entries fails with, be it raised or answered in their places."""
    entries = [home.entry(candidate) for candidate in candidates or ("c1",)]
    try:
        results = home.try_put(entries, [known] if known else ())
    except PortError as error:
        return error
    errors = [result for result in results if isinstance(result, PortError)]
    assert len(errors) == len(results)
    return errors[0]


# Answers that never came


@pytest.mark.parametrize("count", [1, 3])
def test_a_lost_answer_to_creating_leaves_one_entry_each(vendor: VendorHome, count: int) -> None:
    entries = vendor.several(count)
    vendor.fault("drop_after")
    with pytest.raises(PortError) as caught:
        vendor.put(*entries)
    assert (caught.value.reason, caught.value.permanent) == ("unreachable", False)
    vendor.outside.calm()
    turned = [changed(entry, confirmed=True) for entry in entries]
    placed = vendor.put(*turned, unsure=True)
    assert [(s.id, s.confirmed) for s in vendor.seen()] == [(p.vendor_id, True) for p in placed]


@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
def test_one_lost_answer_does_no_harm(vendor: VendorHome, kind: str) -> None:
    """Google's client sends it again by itself; for Microsoft's, we do."""
    vendor.fault(kind, limit=1)
    entry = vendor.entry()
    try:
        placed = vendor.put(entry)
    except PortError:
        placed = vendor.put(entry, unsure=True)
    assert [seen.id for seen in vendor.seen()] == [placed[0].vendor_id]


def test_a_lost_answer_to_a_change(vendor: VendorHome) -> None:
    entry = vendor.entry()
    placed = vendor.put(entry)
    vendor.fault("drop_after")
    with pytest.raises(PortError):
        vendor.put(changed(entry, confirmed=True), known=placed)
    vendor.outside.calm()
    unsure = [changed(placed[0], unsure=True)]
    vendor.put(changed(entry, title="最新", confirmed=True), known=unsure)
    assert [(s.id, s.title) for s in vendor.seen()] == [(placed[0].vendor_id, "最新")]


def test_a_lost_answer_to_a_removal(vendor: VendorHome) -> None:
    placed = vendor.put(*vendor.several(3))
    vendor.fault("drop_after")
    with pytest.raises(PortError):
        vendor.remove(*placed)
    vendor.outside.calm()
    assert not any(p.present for p in vendor.remove(*placed))
    assert vendor.seen() == []


def test_a_crash_while_an_entry_was_made_anew_leaves_no_orphan(vendor: VendorHome) -> None:
    """Deleted by hand, made anew under the next generation, and then we lost what we knew of that."""
    entry = vendor.entry()
    placed = vendor.put(entry)
    vendor.delete_by_hand(placed[0].vendor_id)
    vendor.put(entry, known=placed)
    before_the_crash = changed(placed[0], unsure=True)
    again = vendor.put(changed(entry, confirmed=True), known=[before_the_crash])
    assert [(s.id, s.confirmed) for s in vendor.seen()] == [(again[0].vendor_id, True)]
    (gone,) = vendor.remove(before_the_crash)
    assert vendor.seen() == []
    (back,) = vendor.put(entry, known=[gone])
    assert [seen.id for seen in vendor.seen()] == [back.vendor_id]


def test_a_removal_that_was_forgotten_does_not_stop_the_entry_from_coming_back(vendor: VendorHome) -> None:
    entry = vendor.entry()
    vendor.remove(*vendor.put(entry))
    (back,) = vendor.put(entry, unsure=True)
    assert [seen.id for seen in vendor.seen()] == [back.vendor_id]


# Hands that meddle


def test_what_somebody_moved_by_hand_is_put_right(vendor: VendorHome) -> None:
    entry = vendor.entry()
    placed = vendor.put(entry)
    vendor.move_by_hand(placed[0].vendor_id, at(28, 1), at(28, 2))
    (now,) = vendor.put(changed(entry, confirmed=True), known=placed)
    (seen,) = vendor.seen()
    assert (seen.id, seen.start, seen.confirmed) == (now.vendor_id, entry.start, True)
    assert now.etag != placed[0].etag


def test_what_somebody_moved_by_hand_is_removed_all_the_same(vendor: VendorHome) -> None:
    placed = vendor.put(vendor.entry())
    vendor.move_by_hand(placed[0].vendor_id, at(28, 1), at(28, 2))
    vendor.remove(*placed)
    assert vendor.seen() == []


def test_what_a_member_adds_to_an_entry_stays_theirs(google: VendorHome, outlook: VendorHome) -> None:
    for home, body in ((google, {"colorId": "5"}), (outlook, {"categories": ["赤"]})):
        entry = home.entry()
        placed = home.put(entry)
        home.edit_by_hand(placed[0].vendor_id, body)
        home.put(changed(entry, confirmed=True), known=placed)
        assert home.read_by_hand(placed[0].vendor_id).items() >= body.items()


def test_one_that_somebody_made_last_all_day_has_a_time_again(
    google: VendorHome, outlook: VendorHome
) -> None:
    midnight = {"dateTime": "2026-11-25T00:00:00", "timeZone": "Asia/Tokyo"}
    days: dict[VendorHome, dict[str, Any]] = {
        google: {
            "start": {"date": "2026-11-25", "dateTime": None, "timeZone": None},
            "end": {"date": "2026-11-26", "dateTime": None, "timeZone": None},
        },
        outlook: {
            "isAllDay": True,
            "start": midnight,
            "end": {**midnight, "dateTime": "2026-11-26T00:00:00"},
        },
    }
    for home, body in days.items():
        entry = home.entry()
        placed = home.put(entry)
        home.edit_by_hand(placed[0].vendor_id, body)
        assert home.calendar.entries(home.link, at(24, 0), at(27, 0))
        home.put(entry, known=placed)
        assert [(s.start, s.end) for s in home.seen()] == [(entry.start, entry.end)]


def test_what_somebody_else_put_under_our_id_is_not_touched(google: VendorHome) -> None:
    """Ids are ours by construction; but a member may copy an event and change its tag."""
    entry = google.entry()
    placed = google.put(entry)
    google.edit_by_hand(
        placed[0].vendor_id, {"summary": "私用", "extendedProperties": {"private": {"candidate": "x"}}}
    )
    (now,) = google.put(entry, unsure=True)
    assert now.generation == 2
    assert {s.title for s in google.seen()} == {"私用", entry.title}


# Microsoft's three answers to a transactionId that it has seen


@pytest.mark.parametrize("answer", ["same", "bad_request", "conflict"])
def test_a_repeated_transaction_makes_one_entry(outlook: VendorHome, answer: str) -> None:
    outlook.outside.turn(graph_duplicate=answer)
    entry = outlook.entry()
    first = outlook.put(entry)
    # Not unsure: as if the state before the first write had been restored from a backup.
    (again,) = outlook.put(changed(entry, confirmed=answer != "same"))
    assert again.vendor_id == first[0].vendor_id
    assert [s.confirmed for s in outlook.seen()] == [answer != "same"]


@pytest.mark.parametrize("answer", ["same", "bad_request", "conflict"])
def test_a_transaction_whose_event_is_gone_is_followed_by_another(outlook: VendorHome, answer: str) -> None:
    outlook.outside.turn(graph_duplicate=answer)
    entry = outlook.entry()
    outlook.delete_by_hand(outlook.put(entry)[0].vendor_id)
    (again,) = outlook.put(entry)
    assert again.generation == 2
    assert [seen.id for seen in outlook.seen()] == [again.vendor_id]


def test_of_two_with_the_same_tag_one_stays(outlook: VendorHome) -> None:
    """Nobody documents how long Graph remembers a transactionId."""
    entry = outlook.entry()
    outlook.put(entry)
    outlook.put(entry, known=[Placed(entry.key, "appointment-1", "c1", generation=2)])
    assert len(outlook.seen()) == 2
    (kept,) = outlook.put(entry, unsure=True)
    assert [seen.id for seen in outlook.seen()] == [kept.vendor_id]


# Refusals


@pytest.mark.parametrize("candidates", [["c1"], ["c1", "c2"]])
@pytest.mark.parametrize(("status", "reason"), [(429, "throttled"), (503, "unavailable")])
def test_the_vendor_says_how_long_to_wait(
    vendor: VendorHome, candidates: list[str], status: int, reason: str
) -> None:
    vendor.fault("status", status=status, retry_after_s=7)
    error = failure(vendor, *candidates)
    assert (error.reason, error.retry_after) == (reason, 7)
    assert not error.permanent
    assert not error.auth
    with pytest.raises(PortError) as caught:
        vendor.calendar.busy(vendor.link, at(25, 0), at(26, 0))
    assert caught.value.retry_after == 7


@pytest.mark.parametrize("why", ["rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"])
def test_google_throttles_with_403_too(google: VendorHome, why: str) -> None:
    placed = google.put(google.entry())
    google.fault("status", status=403, reason=why)
    assert failure(google).reason == "throttled"
    assert failure(google, known=placed[0]).reason == "throttled"


def test_a_consent_that_was_taken_back_breaks_the_link(vendor: VendorHome) -> None:
    placed = vendor.put(vendor.entry())
    vendor.outside.sandbox.revoke(vendor.service, vendor.email)
    for known in (None, placed[0]):
        error = failure(vendor, known=known)
        assert (error.reason, error.auth, error.permanent) == ("token_refused", True, True)
    assert failure(vendor, "c1", "c2").auth
    with pytest.raises(PortError) as caught:
        vendor.remove(*placed)
    assert caught.value.auth
    vendor.grant()
    vendor.put(vendor.entry(), known=placed)


@pytest.mark.parametrize("count", [1, 3])
def test_an_expired_token_is_replaced_unnoticed(vendor: VendorHome, count: int) -> None:
    vendor.put(vendor.entry())
    vendor.outside.sandbox.expire(vendor.service, vendor.email)
    vendor.put(*vendor.several(count))
    assert len(vendor.seen()) == count


def test_a_missing_scope_is_named_and_breaks_the_link(vendor: VendorHome) -> None:
    scopes = {
        "google": ["openid", "https://www.googleapis.com/auth/calendar.freebusy"],
        "microsoft": ["openid", "profile", "offline_access", "User.Read"],
    }
    vendor.grant(scopes[vendor.service])
    error = failure(vendor)
    assert error.auth
    assert error.reason in ("no_permission", "token_refused")  # msal asks for scopes: refused at once


def test_one_bad_entry_does_not_hold_up_the_others(vendor: VendorHome) -> None:
    good, bad, other = vendor.several(3)
    results = vendor.try_put([good, changed(bad, end=bad.start - timedelta(hours=1)), other])
    refused = results[1]
    assert isinstance(refused, PortError)
    assert refused.permanent
    assert not refused.auth
    assert refused.reason.startswith("rejected_400_")
    assert [seen.candidate for seen in vendor.seen()] == ["c1", "c3"]
    (alone,) = vendor.try_put([changed(bad, end=bad.start)])
    assert isinstance(alone, PortError)
    assert alone.permanent


def test_one_part_of_a_batch_may_be_throttled(vendor: VendorHome) -> None:
    vendor.fault("status", status=429, retry_after_s=3, limit=1)
    results = vendor.try_put(vendor.several(3))
    errors = [result for result in results if isinstance(result, PortError)]
    assert [(e.reason, e.retry_after) for e in errors] == [("throttled", 3)]
    assert len(vendor.seen()) == 2
    vendor.outside.calm()
    placed = vendor.put(*vendor.several(3), unsure=True)
    assert [seen.id for seen in vendor.seen()] == [p.vendor_id for p in placed]


def test_nobody_answers(
    vendor: VendorHome, vault: Vault, vendor_settings: Settings, unused_port: int
) -> None:
    nowhere = f"http://127.0.0.1:{unused_port}"
    away = replace(vendor_settings, google_api_root=nowhere, graph_root=nowhere)
    calendar = (GoogleCalendar if vendor.service == "google" else OutlookCalendar)(away, vault)
    with pytest.raises(PortError) as caught:
        calendar.entries(vendor.link, at(25, 0), at(26, 0))
    assert (caught.value.reason, caught.value.permanent) == ("unreachable", False)
    calendar.close()


# How much is asked


def test_the_fewest_requests(vendor: VendorHome) -> None:
    """Five holds, one of them turned into the event, the others removed."""
    vendor.vault.access_token(vendor.link)
    vendor.requests()
    holds = vendor.several(5)
    placed = vendor.put(*holds)
    assert len(vendor.requests()) == (1 if vendor.service == "google" else 2)
    vendor.put(changed(holds[0], confirmed=True), known=placed[:1])
    assert [r["method"] for r in vendor.requests()] == ["PATCH"]
    vendor.remove(*placed[1:])
    assert [(r["method"], r["parts"]) for r in vendor.requests()] == [("POST", 4)]
    assert len(vendor.seen()) == 1


def test_many_entries_go_in_several_batches(google: VendorHome) -> None:
    start = at(1, 0)
    entries = [
        google.entry(f"c{n}", start=start + timedelta(hours=n), end=start + timedelta(hours=n + 1))
        for n in range(120)
    ]
    placed = google.put(*entries)
    assert [r["parts"] for r in google.requests() if r["method"] == "POST"] == [50, 50, 20]
    assert len(google.calendar.entries(google.link, start, at(10, 0))) == 120
    assert len(google.remove(*placed)) == 120
    assert google.seen() == []


def test_long_lists_are_read_to_their_end(outlook: VendorHome) -> None:
    start = at(1, 0)
    for n in range(260):
        outlook.add_foreign(f"予定{n}", start + timedelta(hours=n), start + timedelta(hours=n + 1))
    assert len(outlook.calendar.entries(outlook.link, start, start + timedelta(days=30))) == 260


def test_nobody_is_ever_invited_or_mailed(vendor: VendorHome, recorded_requests: RecordedRequests) -> None:
    entry = vendor.entry(body=f"お客様: yamada@example.net\n{LINK_LINE}")
    placed = vendor.put(entry)
    placed = vendor.put(changed(entry, confirmed=True, start=at(25, 0)), known=placed)
    vendor.remove(*placed)
    asked = [part for r in recorded_requests for part in (r.parts() or [r])]
    assert not any(b"attendees" in r.body for r in asked)
    if vendor.service == "google":
        writes = [r for r in asked if "/events" in r.url and r.method != "GET"]
        assert writes
        assert all("sendUpdates=none" in r.url for r in writes)
    else:
        assert all('IdType="ImmutableId"' in r.headers["prefer"] for r in asked if "/me/" in r.url)
    assert not any(vendor.email in mail["to"] for mail in vendor.outside.state()["mails"])
