"""When people are busy: their own calendars by the rules they chose, and others' by their addresses."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from chouseiapo.adapters.outlook.graph import Answer, Ask, Mailbox
from chouseiapo.ports import Busy, Counting, PortError
from tests.adapters.homes import Home, LinkedHome, VendorHome
from tests.product import at


def busy(
    home: Home, *calendars: str, counting: Counting | None = None, days: int = 10
) -> list[tuple[object, object]]:
    start = at(24, 0)
    found = home.calendar.busy(
        home.link, start, start + timedelta(days=days), calendars or ("",), counting or Counting()
    )
    return sorted((each.start, each.end) for each in found)


def a_full_week(home: LinkedHome) -> None:
    home.put(home.entry("c1", start=at(24, 1), end=at(24, 2)))
    home.add_foreign("打合せ", at(25, 1), at(25, 2))
    home.add_foreign("仮の予定", at(26, 1), at(26, 2), tentative=True)
    home.add_free("移動可", at(27, 1), at(27, 2))
    home.add_day("休暇", date(2026, 11, 29), date(2026, 11, 30))


OURS, MEETING, TENTATIVE = (at(24, 1), at(24, 2)), (at(25, 1), at(25, 2)), (at(26, 1), at(26, 2))
DAY = (at(28, 15), at(29, 15))


def test_by_the_vendor_s_own_rules_whatever_is_not_free_counts(linked: LinkedHome) -> None:
    a_full_week(linked)
    assert busy(linked) == [OURS, MEETING, TENTATIVE, DAY]


def test_by_a_member_s_rules_ours_are_left_to_our_own_record(linked: LinkedHome) -> None:
    a_full_week(linked)
    assert busy(linked, counting=Counting(tentative=False)) == [MEETING, DAY]
    assert busy(linked, counting=Counting(all_day=False)) == [MEETING, TENTATIVE]
    assert busy(linked, counting=Counting(tentative=False, all_day=False)) == [MEETING]


@pytest.mark.parametrize("counting", [Counting(), Counting(all_day=False)])
def test_several_calendars_count_together(linked: LinkedHome, counting: Counting) -> None:
    calendar = linked.add_calendar("出張")
    linked.add_foreign("打合せ", at(25, 1), at(25, 2))
    linked.add_foreign("大阪", at(26, 1), at(26, 2), calendar)
    assert busy(linked, "", calendar, counting=counting) == [MEETING, TENTATIVE]
    assert busy(linked, calendar, counting=counting) == [TENTATIVE]
    assert busy(linked, calendar, calendar, counting=counting) == [TENTATIVE]


def test_google_is_asked_about_all_calendars_at_once(google: VendorHome) -> None:
    calendars = [google.add_calendar(f"第{n}") for n in range(49)]
    google.add_foreign("大阪", at(25, 1), at(25, 2), calendars[-1])
    google.requests()
    assert busy(google, "", *calendars) == [MEETING]
    assert [r["path"] for r in google.requests()] == ["/calendar/v3/freeBusy"]


def test_of_a_google_calendar_that_shows_no_entries_all_busy_time_counts(google: VendorHome) -> None:
    calendar = google.share("社長", "freeBusyReader")
    google.add_foreign("仮の予定", at(25, 1), at(25, 2), calendar, tentative=True)
    assert busy(google, calendar, counting=Counting(tentative=False)) == [MEETING]


def test_a_mailbox_at_microsoft_is_asked_about_with_one_s_own(outlook: VendorHome) -> None:
    (colleague,) = outlook.add_colleagues(1)
    outlook.add_foreign("打合せ", at(25, 1), at(25, 2))
    outlook.add_foreign("仮の予定", at(26, 1), at(26, 2), colleague, tentative=True)
    outlook.requests()
    assert busy(outlook, "", colleague) == [MEETING, TENTATIVE]
    assert [r["path"].rpartition("/")[2] for r in outlook.requests()] == ["me", "getSchedule"]
    # Its entries can't be read with this consent: then all of its busy time counts.
    assert busy(outlook, "", colleague, counting=Counting(tentative=False)) == [MEETING, TENTATIVE]


def test_a_calendar_out_of_reach_is_unknown_and_not_free(vendor: VendorHome) -> None:
    calendar = vendor.add_calendar("出張")
    vendor.share("出張", "none", calendar)
    for counting in (Counting(), Counting(tentative=False)):
        with pytest.raises(PortError) as caught:
            busy(vendor, "", calendar, counting=counting)
        assert (caught.value.reason, caught.value.auth) == ("calendar_not_found", False)


def test_a_calendar_at_microsoft_that_may_not_be_read_does_not_break_the_account(outlook: VendorHome) -> None:
    (colleague,) = outlook.add_colleagues(1)
    outlook.share("同僚", "writer", colleague)
    shared = outlook.calendar.calendars(outlook.link)[-1].id
    with pytest.raises(PortError) as caught:
        busy(outlook, shared)
    assert not caught.value.auth


def test_a_consent_that_lacks_the_own_calendar_is_not_glossed_over(vendor: VendorHome) -> None:
    vendor.fault("status", status=403, reason="insufficientPermissions", limit=1)
    with pytest.raises(PortError) as caught:
        busy(vendor, counting=Counting(tentative=False))
    assert (caught.value.reason, caught.value.auth) == ("no_permission", True)


def test_who_has_no_account_is_busy_with_what_we_put_there(builtin: Home) -> None:
    builtin.add_foreign("打合せ", at(25, 1), at(25, 2))
    builtin.add_foreign("仮の予定", at(26, 1), at(26, 2), tentative=True)
    assert busy(builtin) == [MEETING, TENTATIVE]
    assert busy(builtin, counting=Counting(tentative=False)) == [MEETING]


# Others, by their addresses


def test_others_are_asked_about_by_their_addresses(vendor: VendorHome) -> None:
    first, second, hidden = vendor.add_colleagues(3)
    vendor.add_foreign("打合せ", at(25, 1), at(25, 2), first)
    vendor.add_foreign("仮の予定", at(26, 1), at(26, 2), second, tentative=True)
    vendor.outside.sandbox.show_busy(hidden, "hidden")
    addresses = [second, first, hidden, "nobody@example.com", vendor.email]
    found = vendor.calendar.schedules(vendor.link, addresses, at(24, 0), at(30, 0))
    assert found == {
        second: [Busy(*TENTATIVE)],
        first: [Busy(*MEETING)],
        hidden: None,
        "nobody@example.com": None,
        vendor.email: [],
    }
    assert list(found) == addresses


def test_who_may_see_no_more_than_half_hours_is_told_those(
    outlook: VendorHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exchange leaves the items out then; the digits stand for half hours, whatever they are busy with."""
    (colleague,) = outlook.add_colleagues(1)
    outlook.add_foreign("打合せ", at(25, 1), at(25, 2), colleague)
    outlook.add_foreign("仮の予定", at(25, 3), at(25, 3, 30), colleague, tentative=True)
    answer = Mailbox.answer

    def sparing(self: Mailbox, ask: Ask) -> Answer:
        said = answer(self, ask)
        for schedule in said.body.get("value", []):
            del schedule["scheduleItems"]
        return said

    monkeypatch.setattr(Mailbox, "answer", sparing)
    found = outlook.calendar.schedules(outlook.link, [colleague], at(24, 0), at(30, 0))
    halves = [(at(25, 1), at(25, 1, 30)), (at(25, 1, 30), at(25, 2)), (at(25, 3), at(25, 3, 30))]
    assert found == {colleague: [Busy(*half) for half in halves]}


def test_sixty_people_take_few_requests(vendor: VendorHome) -> None:
    colleagues = vendor.add_colleagues(60)
    for n, colleague in enumerate(colleagues):
        vendor.add_foreign("打合せ", at(25, 1), at(25, 2) + timedelta(minutes=n), colleague)
    vendor.requests()
    found = vendor.calendar.schedules(vendor.link, colleagues, at(24, 0), at(30, 0))
    assert len(vendor.requests()) == (2 if vendor.service == "google" else 3)
    for n, colleague in enumerate(colleagues):
        assert found[colleague] == [Busy(at(25, 1), at(25, 2) + timedelta(minutes=n))]


def test_a_long_window_is_asked_about_in_pieces(vendor: VendorHome) -> None:
    (colleague,) = vendor.add_colleagues(1)
    days = [at(25, 1) + timedelta(days=n) for n in (0, 45, 90, 170)]
    for day in days:
        vendor.add_foreign("打合せ", day, day + timedelta(hours=1), colleague)
    found = vendor.calendar.schedules(vendor.link, [colleague], at(24, 0), at(24, 0) + timedelta(days=180))
    assert found == {colleague: [Busy(day, day + timedelta(hours=1)) for day in days]}


def test_addresses_are_answered_as_they_were_asked_about(vendor: VendorHome) -> None:
    (colleague,) = vendor.add_colleagues(1)
    vendor.add_foreign("打合せ", at(25, 1), at(25, 2), colleague)
    asked = [colleague, colleague]
    found = vendor.calendar.schedules(vendor.link, asked, at(24, 0), at(30, 0))
    assert found == {colleague: [Busy(*MEETING)]}
    assert vendor.calendar.schedules(vendor.link, [], at(24, 0), at(30, 0)) == {}


def test_an_error_of_the_whole_question_is_raised(vendor: VendorHome) -> None:
    vendor.fault("status", status=429, retry_after_s=4)
    with pytest.raises(PortError) as caught:
        vendor.calendar.schedules(vendor.link, [vendor.email], at(24, 0), at(30, 0))
    assert (caught.value.reason, caught.value.retry_after) == ("throttled", 4)


def test_the_built_in_calendar_knows_nobody(builtin: Home) -> None:
    found = builtin.calendar.schedules(builtin.link, ["a@example.com", "b@example.com"], at(24, 0), at(30, 0))
    assert found == {"a@example.com": None, "b@example.com": None}
