"""What a CalDAV server does on bad days, and what hands do on a calendar."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial

import pytest

from chouseiapo.accounts.vault import Vault
from chouseiapo.config import Settings
from chouseiapo.ports import Placed, PortError
from tests.adapters.caldav_home import PASSWORD, CalDavHome
from tests.adapters.test_calendars import changed
from tests.product import at


def failure(home: CalDavHome, *candidates: str, known: Placed | None = None) -> PortError:
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
def test_a_lost_answer_to_creating_leaves_one_entry_each(caldav: CalDavHome, count: int) -> None:
    entries = caldav.several(count)
    caldav.fault("drop_after")
    assert [result.reason for result in [failure(caldav, *(e.candidate for e in entries))]] == ["unreachable"]
    caldav.calm()
    turned = [changed(entry, confirmed=True) for entry in entries]
    placed = caldav.put(*turned, unsure=True)
    assert [(s.id, s.confirmed) for s in caldav.seen()] == [(p.vendor_id, True) for p in placed]


def test_what_can_t_be_reached_is_not_asked_for_each_entry_anew(caldav: CalDavHome) -> None:
    caldav.fault("drop_before")
    assert failure(caldav, "c1", "c2", "c3").reason == "unreachable"
    assert len(caldav.requests()) == 1


def test_a_lost_answer_to_a_change(caldav: CalDavHome) -> None:
    entry = caldav.entry()
    placed = caldav.put(entry)
    caldav.fault("drop_after", method="PUT")
    with pytest.raises(PortError):
        caldav.put(changed(entry, confirmed=True), known=placed)
    caldav.calm()
    caldav.put(changed(entry, title="最新", confirmed=True), known=[changed(placed[0], unsure=True)])
    assert [(s.id, s.title) for s in caldav.seen()] == [(placed[0].vendor_id, "最新")]


def test_a_lost_answer_to_a_removal(caldav: CalDavHome) -> None:
    placed = caldav.put(*caldav.several(3))
    caldav.fault("drop_after")
    with pytest.raises(PortError):
        caldav.remove(*placed)
    caldav.calm()
    assert not any(p.present for p in caldav.remove(*placed))
    assert caldav.seen() == []


def test_a_crash_while_an_entry_was_made_anew_leaves_no_orphan(caldav: CalDavHome) -> None:
    """Deleted by hand, made anew under the next generation, and then we lost what we knew of that."""
    entry = caldav.entry()
    placed = caldav.put(entry)
    caldav.delete_by_hand(placed[0].vendor_id)
    caldav.restore(entry, placed[0])
    before_the_crash = changed(placed[0], unsure=True)
    again = caldav.put(changed(entry, confirmed=True), known=[before_the_crash])
    assert [(s.id, s.confirmed) for s in caldav.seen()] == [(again[0].vendor_id, True)]
    (gone,) = caldav.remove(before_the_crash)
    assert caldav.seen() == []
    (back,) = caldav.put(entry, known=[gone])
    assert [seen.id for seen in caldav.seen()] == [back.vendor_id]


def test_an_entry_that_a_client_has_renamed_is_found(caldav: CalDavHome) -> None:
    """Servers refuse to have its UID twice, each in words of its own."""
    entry = caldav.entry()
    (placed,) = caldav.put(entry)
    text = caldav.ask("GET", placed.vendor_id).text
    caldav.delete_by_hand(placed.vendor_id)
    renamed = caldav.write(f"{caldav.own}renamed.ics", text)
    (again,) = caldav.put(changed(entry, confirmed=True), unsure=True)
    assert (again.vendor_id, again.generation) == (renamed, 1)
    assert [(seen.id, seen.confirmed) for seen in caldav.seen()] == [(renamed, True)]
    caldav.remove(again)
    assert caldav.seen() == []


def test_a_server_that_says_no_etag_is_asked_for_it(caldav: CalDavHome) -> None:
    caldav.fault("edit", method="PUT", without="etag")
    entry = caldav.entry()
    placed = caldav.put(entry)
    caldav.calm()
    assert placed[0].etag
    (now,) = caldav.put(changed(entry, confirmed=True), known=placed)
    assert now.etag not in ("", placed[0].etag)


def only_to_be_read(said: str) -> str:
    """Answers of a server that lets nobody write there."""
    return re.sub(r"<privilege>.*</privilege>", "<privilege><read/></privilege>", said, flags=re.S)


def test_whether_we_may_write_there_is_the_server_s_word(caldav: CalDavHome) -> None:
    other = caldav.add_calendar("出張")
    may_write = partial(caldav.calendar.may_write, caldav.link)
    assert (may_write(""), may_write(other)) == (True, True)
    with pytest.raises(PortError, match="calendar_not_found"):
        may_write(f"{caldav.place}none/")
    caldav.fault("edit", method="PROPFIND", path=other, edit=only_to_be_read)
    assert (may_write(""), may_write(other)) == (True, False)


# Refusals in our terms


@pytest.mark.parametrize(
    ("status", "body", "reason", "permanent", "auth"),
    [
        (401, "", "token_refused", True, True),
        (403, "", "no_permission", True, True),
        (403, '<error xmlns="DAV:"><need-privileges/></error>', "no_permission", True, True),
        (403, '<error xmlns="DAV:"><big xmlns="urn:x"/></error>', "rejected_403_big", True, False),
        (403, '<error xmlns="DAV:"><quota-not-exceeded/></error>', "quota_exceeded", True, False),
        (507, "", "quota_exceeded", True, False),
        (404, "", "calendar_not_found", True, False),
        (409, "", "calendar_not_found", True, False),
        (400, "山田", "rejected_400_unknown", True, False),
        (415, "", "rejected_415_unknown", True, False),
        (423, "", "unavailable", False, False),
        (429, "", "throttled", False, False),
        (500, "", "unavailable", False, False),
        (502, "<html>bad gateway</html>", "unavailable", False, False),
        (503, "", "unavailable", False, False),
        (301, "", "moved", False, False),
    ],
)  # fmt: skip
def test_a_refused_write_is_understood(
    caldav: CalDavHome, status: int, body: str, reason: str, permanent: bool, auth: bool
) -> None:
    caldav.fault("status", method="PUT", status=status, body=body)
    error = failure(caldav)
    assert (error.reason, error.permanent, error.auth) == (reason, permanent, auth)


@pytest.mark.parametrize(
    ("status", "reason"), [(403, "no_permission"), (404, "calendar_not_found"), (401, "token_refused")]
)
def test_a_calendar_that_can_t_be_read_does_not_break_the_account(
    caldav: CalDavHome, status: int, reason: str
) -> None:
    caldav.fault("status", method="REPORT", status=status)
    with pytest.raises(PortError) as caught:
        caldav.calendar.entries(caldav.link, at(24, 0), at(30, 0))
    assert (caught.value.reason, caught.value.auth) == (reason, status == 401)


@pytest.mark.parametrize("status", [429, 503])
def test_the_server_says_how_long_to_wait(caldav: CalDavHome, status: int) -> None:
    for said, least, most in (
        ("7", 7, 7),
        (format_datetime(datetime.now(UTC) + timedelta(minutes=2)), 110, 120),
    ):
        caldav.calm()
        caldav.fault("status", status=status, headers=(("Retry-After", said),))
        for error in (failure(caldav), failure(caldav, "c1", "c2")):
            assert error.reason == ("throttled" if status == 429 else "unavailable")
            assert least <= (error.retry_after or 0) <= most


def test_one_bad_entry_does_not_hold_up_the_others(caldav: CalDavHome) -> None:
    good, bad, other = caldav.several(3)
    caldav.fault("status", method="PUT", limit=1, status=400)
    results = caldav.try_put([bad, good, other])
    assert isinstance(results[0], PortError)
    assert sorted(seen.candidate or "" for seen in caldav.seen()) == ["c1", "c3"]


def test_a_password_that_was_changed_breaks_the_link_until_it_is_told(caldav: CalDavHome) -> None:
    caldav.need_passwords()
    placed = caldav.put(caldav.entry())
    caldav.server.forget_person(caldav.email)
    caldav.server.add_person(caldav.email, "new")
    error = failure(caldav, known=placed[0])
    assert (error.reason, error.auth) == ("token_refused", True)
    caldav.server.forget_person(caldav.email)
    caldav.server.add_person(caldav.email, PASSWORD)
    caldav.grant()
    caldav.put(caldav.entry(), known=placed)


def test_a_password_that_is_refused_once_is_tried_again(caldav: CalDavHome) -> None:
    caldav.fault("status", method="PUT", status=401, limit=1)
    caldav.put(caldav.entry())
    assert len(caldav.seen()) == 1


def test_an_answer_without_an_end_is_not_waited_for(
    caldav: CalDavHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chouseiapo.adapters.caldav.session.LARGEST_ANSWER", 20_000)
    caldav.fault("edit", method="REPORT", edit=lambda said: said + " " * 30_000)
    with pytest.raises(PortError) as caught:
        caldav.calendar.entries(caldav.link, at(24, 0), at(30, 0))
    assert (caught.value.reason, caught.value.permanent) == ("unreachable", False)


def test_an_answer_that_is_none_is_no_empty_calendar(caldav: CalDavHome) -> None:
    for status, body in ((200, "<html/>"), (207, "<html>"), (207, ""), (200, "")):
        caldav.calm()
        caldav.fault("status", method="REPORT", status=status, body=body)
        with pytest.raises(PortError):
            caldav.calendar.entries(caldav.link, at(24, 0), at(30, 0))
        with pytest.raises(PortError):
            caldav.look(Placed("k", vendor_id=f"{caldav.own}x.ics"))


def test_what_is_not_mentioned_is_asked_for_once_more(caldav: CalDavHome) -> None:
    """A deleted entry and one that is only not shown are told apart."""
    (placed,) = caldav.put(caldav.entry())
    nothing = '<multistatus xmlns="DAV:"/>'
    caldav.fault("status", method="REPORT", status=207, body=nothing)
    with pytest.raises(PortError) as caught:
        caldav.look(placed)
    assert caught.value.reason == "unavailable"
    caldav.delete_by_hand(placed.vendor_id)
    assert caldav.look(placed) == [None]


def test_no_cookie_is_carried_from_one_request_to_the_next(caldav: CalDavHome) -> None:
    """Connections are shared by all members' accounts, and cookies mean sessions."""
    caldav.fault("status", method="PUT", status=500, headers=(("Set-Cookie", "session=1; Path=/"),))
    failure(caldav)
    caldav.calm()
    caldav.put(caldav.entry())
    assert not any("cookie" in passed.headers for passed in caldav.requests())


# Hands that meddle


def test_what_a_member_adds_to_an_entry_stays_theirs(caldav: CalDavHome) -> None:
    entry = caldav.entry()
    (placed,) = caldav.put(entry)
    text = caldav.text(placed.vendor_id)
    theirs = ["CATEGORIES:赤,重要", "COLOR:tomato", "X-THEIRS;X-P=1:値", "COMMENT:持ち物"]
    alarm = ["BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:そろそろ", "TRIGGER:-PT5M", "END:VALARM"]
    caldav.write(placed.vendor_id, text.replace("END:VEVENT", "\r\n".join([*theirs, *alarm, "END:VEVENT"])))
    caldav.restore(changed(entry, title="確定", confirmed=True, start=at(26, 1), end=at(26, 2)), placed)
    after = caldav.text(placed.vendor_id)
    for line in (*theirs, *alarm):
        assert line in after
    assert "SUMMARY:確定" in after
    assert after.count("BEGIN:VTIMEZONE") == 1


def test_an_edit_by_hand_is_told_and_stays(caldav: CalDavHome) -> None:
    """Even a small one: whoever asked has to look."""
    entry = caldav.entry()
    (placed,) = caldav.put(entry)
    caldav.edit_by_hand(placed.vendor_id, categories=["赤"])
    [result] = caldav.try_put([changed(entry, confirmed=True)], [placed])
    assert isinstance(result, PortError)
    assert (result.reason, result.auth) == ("touched", False)
    assert [seen.confirmed for seen in caldav.seen()] == [False]


def test_an_edit_between_our_reading_and_writing_is_told(caldav: CalDavHome) -> None:
    entry = caldav.entry()
    (placed,) = caldav.put(entry)
    caldav.fault("status", method="PUT", status=412, limit=1)
    [result] = caldav.try_put([changed(entry, confirmed=True)], [placed])
    assert isinstance(result, PortError)
    assert result.reason == "touched"
    caldav.fault("status", method="PUT", status=412, limit=1)
    assert caldav.restore(changed(entry, confirmed=True), placed).vendor_id == placed.vendor_id


def test_a_series_that_somebody_made_of_an_entry_is_one_again(caldav: CalDavHome) -> None:
    entry = caldav.entry()
    (placed,) = caldav.put(entry)
    caldav.edit_by_hand(placed.vendor_id, rrule={"freq": "weekly", "count": 5})
    assert len(caldav.calendar.entries(caldav.link, at(24, 0), at(24, 0) + timedelta(days=60))) == 5
    caldav.restore(entry, placed)
    assert len(caldav.calendar.entries(caldav.link, at(24, 0), at(24, 0) + timedelta(days=60))) == 1


def test_one_that_somebody_made_last_all_day_has_a_time_again(caldav: CalDavHome) -> None:
    entry = caldav.entry()
    (placed,) = caldav.put(entry)
    caldav.edit_by_hand(placed.vendor_id, dtstart=at(25, 0).date(), dtend=at(26, 0).date())
    (seen,) = caldav.look(placed)
    assert seen is not None
    assert (seen.start, seen.end, seen.all_day) == (at(24, 15), at(25, 15), True)
    caldav.restore(entry, placed)
    assert [(s.start, s.end) for s in caldav.seen()] == [(entry.start, entry.end)]


def test_what_bears_our_tag_no_more_is_not_touched(caldav: CalDavHome) -> None:
    entry = caldav.entry()
    (placed,) = caldav.put(entry)
    caldav.edit_by_hand(placed.vendor_id, **{"summary": "私用", "x-chouseiapo-candidate": "x"})
    assert caldav.look(placed) == [None]
    now = caldav.restore(entry, placed)
    assert now.generation == 2
    assert {s.title for s in caldav.seen()} == {"私用", entry.title}
    caldav.remove(now, changed(placed, etag=""))
    assert {s.title for s in caldav.seen()} == {"私用"}


def test_a_client_that_drops_what_it_does_not_know_does_not_orphan_an_entry(caldav: CalDavHome) -> None:
    entry = caldav.entry()
    (placed,) = caldav.put(entry)
    caldav.edit_by_hand(
        placed.vendor_id, **{"x-chouseiapo-candidate": None, "x-chouseiapo-appointment": None}
    )
    assert caldav.look(placed) != [None]
    now = caldav.restore(changed(entry, confirmed=True), placed)
    assert [(s.id, s.candidate, s.confirmed) for s in caldav.seen()] == [(now.vendor_id, "c1", True)]


def test_one_that_is_cancelled_by_hand_is_gone_for_us(caldav: CalDavHome) -> None:
    (placed,) = caldav.put(caldav.entry())
    token = caldav.calendar.changes(caldav.link, "", "", at(24, 0), at(30, 0)).token
    caldav.edit_by_hand(placed.vendor_id, status="CANCELLED")
    assert caldav.look(placed) == [None]
    later = caldav.calendar.changes(caldav.link, "", token, at(24, 0), at(30, 0))
    assert (later.entries, later.gone) == ([], [placed.vendor_id])


# What is written


def test_nobody_is_invited_and_nothing_rings(caldav: CalDavHome) -> None:
    entry = caldav.entry(body="お客様: yamada@example.net")
    placed = caldav.put(entry)
    caldav.put(changed(entry, confirmed=True), known=placed)
    written = [passed.body for passed in caldav.requests() if passed.method == "PUT"]
    assert len(written) == 2
    for text in written:
        assert not any(word in text for word in ("ATTENDEE", "ORGANIZER", "VALARM", "METHOD"))
        assert "TRANSP:OPAQUE" in text


def test_sequence_goes_up_with_time_and_place_alone(caldav: CalDavHome) -> None:
    def sequence() -> str:
        lines = caldav.text(placed.vendor_id).splitlines()
        return next(line for line in lines if line.startswith("SEQUENCE"))

    entry = caldav.entry()
    (placed,) = caldav.put(entry)
    assert sequence() == "SEQUENCE:0"
    (placed,) = caldav.put(changed(entry, confirmed=True), known=[placed])
    assert sequence() == "SEQUENCE:0"
    (placed,) = caldav.put(changed(entry, start=at(25, 3), end=at(25, 4)), known=[placed])
    assert sequence() == "SEQUENCE:1"
    assert "DTSTART;TZID=Asia/Tokyo:20261125T120000" in caldav.text(placed.vendor_id)


def test_what_is_right_already_is_not_written_again(caldav: CalDavHome) -> None:
    entry = caldav.entry(visibility="private")
    placed = caldav.put(entry)
    caldav.requests()
    assert caldav.put(entry, known=placed) == placed
    assert [passed.method for passed in caldav.requests()] == ["REPORT"]


def test_the_fewest_requests(caldav: CalDavHome) -> None:
    """Five holds, one of them turned into the event, the others removed."""
    holds = caldav.several(5)
    placed = caldav.put(*holds)
    assert [passed.method for passed in caldav.requests()] == ["PUT"] * 5
    caldav.put(changed(holds[0], confirmed=True), known=placed[:1])
    assert [passed.method for passed in caldav.requests()] == ["REPORT", "PUT"]
    caldav.remove(*placed[1:])
    assert [passed.method for passed in caldav.requests()] == ["DELETE"] * 4
    assert len(caldav.seen()) == 1


def test_every_write_has_a_condition(caldav: CalDavHome) -> None:
    entry = caldav.entry()
    placed = caldav.put(entry)
    placed = caldav.put(changed(entry, confirmed=True), known=placed)
    caldav.move_by_hand(placed[0].vendor_id, at(28, 1), at(28, 2))
    caldav.remove(*placed)
    caldav.put(entry, unsure=True)
    writes = [passed for passed in caldav.requests() if passed.method in ("PUT", "DELETE")]
    assert len(writes) == 5
    assert all({"if-match", "if-none-match"} & set(passed.headers) for passed in writes)


def test_nothing_personal_and_no_password_is_ever_logged(
    caldav: CalDavHome, vault: Vault, caldav_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caldav.need_passwords()
    caplog.set_level(logging.DEBUG)
    entry = caldav.entry(body="お客様: 山田太郎 yamada@example.net", location="秘密の会議室")
    placed = caldav.put(entry)
    caldav.move_by_hand(placed[0].vendor_id, entry.start, entry.end)
    caldav.restore(changed(entry, confirmed=True), placed[0])
    caldav.calendar.entries(caldav.link, at(24, 0), at(30, 0))
    for body in ("<html>山田</html>", "<multistatus>山田", "山田", '<a xmlns="DAV:">山田</a>'):
        for status in (200, 207, 400, 500):
            caldav.calm()
            headers = (("Content-Type", "text/xml" if status == 207 else "text/html"),)
            caldav.fault("status", status=status, body=body, headers=headers)
            with pytest.raises(PortError) as caught:
                caldav.calendar.calendars(caldav.link)
            assert "山田" not in repr(caught.value)
            assert caught.value.__cause__ is None
            assert "山田" not in failure(caldav, known=placed[0]).reason
    caldav.calm()
    caldav.grant("wrong-one")
    assert failure(caldav).auth
    for secret in ("山田", "yamada", "秘密", PASSWORD, "通る", "wrong-one"):
        assert secret not in caplog.text
