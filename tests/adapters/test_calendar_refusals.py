"""What calendars beyond a network refuse, in our terms; and how much they are asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chouseiapo.accounts.vault import Vault
from chouseiapo.adapters.google import GoogleCalendar
from chouseiapo.adapters.google.account import Account
from chouseiapo.adapters.outlook import OutlookCalendar
from chouseiapo.adapters.outlook.graph import Answer, Ask, Mailbox
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
    google.requests()
    assert failure(google).reason == "throttled"
    assert failure(google, known=placed[0]).reason == "throttled"
    assert len(google.requests()) == 2


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


def test_a_token_that_runs_out_between_two_parts_is_replaced_unnoticed(vendor: VendorHome) -> None:
    vendor.fault("status", status=401, limit=1)
    placed = vendor.put(*vendor.several(3))
    assert [seen.id for seen in vendor.seen()] == [p.vendor_id for p in placed]


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


def test_one_part_of_google_s_batches_may_be_throttled(google: VendorHome) -> None:
    google.fault("status", status=429, retry_after_s=3, limit=1)
    results = google.try_put(google.several(3))
    errors = [result for result in results if isinstance(result, PortError)]
    assert [(e.reason, e.retry_after) for e in errors] == [("throttled", 3)]
    assert len(google.seen()) == 2
    google.outside.calm()
    placed = google.put(*google.several(3), unsure=True)
    assert [seen.id for seen in google.seen()] == [p.vendor_id for p in placed]


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


@pytest.mark.parametrize(
    ("why", "reason"), [("notFound", "calendar_not_found"), ("internalError", "busy_unknown")]
)
def test_google_s_free_busy_may_be_unknown(
    google: VendorHome, monkeypatch: pytest.MonkeyPatch, why: str, reason: str
) -> None:
    """Nothing busy beside an error does not mean that the calendar is free."""
    expect = Account.expect

    def unknown(self: Account, *asked: Any, **more: Any) -> Any:
        said = expect(self, *asked, **more)
        [calendar] = said["calendars"]
        said["calendars"][calendar] = {"errors": [{"domain": "global", "reason": why}], "busy": []}
        return said

    monkeypatch.setattr(Account, "expect", unknown)
    with pytest.raises(PortError) as caught:
        google.calendar.busy(google.link, at(25, 0), at(26, 0))
    assert caught.value.reason == reason


def test_microsoft_s_schedule_may_be_unknown(outlook: VendorHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP says 200; the error stands beside the mailbox."""
    answer = Mailbox.answer

    def unknown(self: Mailbox, ask: Ask) -> Answer:
        said = answer(self, ask)
        if ask.path.endswith("/getSchedule"):
            said.body["value"][0] = {
                "error": {"responseCode": "ErrorMailRecipientNotFound"},
                "scheduleItems": [],
            }
        return said

    monkeypatch.setattr(Mailbox, "answer", unknown)
    with pytest.raises(PortError) as caught:
        outlook.calendar.busy(outlook.link, at(25, 0), at(26, 0))
    assert caught.value.reason == "busy_unknown"


# How much is asked


def test_the_fewest_requests(vendor: VendorHome) -> None:
    """Five holds, one of them turned into the event, the others removed."""
    vendor.vault.access_token(vendor.link)
    vendor.requests()
    holds = vendor.several(5)
    placed = vendor.put(*holds)
    assert len(vendor.requests()) == 1
    vendor.put(changed(holds[0], confirmed=True), known=placed[:1])
    assert [r["method"] for r in vendor.requests()] == ["PATCH"]
    vendor.remove(*placed[1:])
    assert [(r["method"], r["parts"]) for r in vendor.requests()] == [("POST", 4)]
    assert len(vendor.seen()) == 1


def test_many_entries_go_in_several_batches(google: VendorHome) -> None:
    start = at(1, 0)
    entries = [
        google.entry(f"c{n}", start=start + timedelta(hours=n), end=start + timedelta(hours=n + 1))
        for n in range(55)
    ]
    placed = google.put(*entries)
    assert [r["parts"] for r in google.requests() if r["method"] == "POST"] == [50, 5]
    assert len(google.calendar.entries(google.link, start, at(10, 0))) == 55
    assert len(google.remove(*placed)) == 55
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
