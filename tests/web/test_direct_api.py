"""Registering a fixed time by the API: once, for whole days, again and again; and calling one date off."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from chouseiapo.worker import Worker
from tests.web.api import Api, proposal

WEEKLY = {"frequency": "weekly", "count": 4, "interval": 1}
TIME = {"start": "2026-11-25T10:00:00+09:00", "end": "2026-11-25T11:00:00+09:00"}
DAYS = {"start": "2026-11-25T00:00:00+09:00", "end": "2026-11-28T00:00:00+09:00", "all_day": True}


def direct(**changes: Any) -> dict[str, Any]:
    standing: dict[str, Any] = {"direct": True, "candidates": [TIME]}
    return proposal(**(standing | changes))


def register(api: Api, **changes: Any) -> dict[str, Any]:
    status, made = api.tanaka.call("POST", "/appointments", direct(**changes))
    assert status == 201, made
    found: dict[str, Any] = made
    return found


def test_it_is_confirmed_in_the_answer_already(api: Api) -> None:
    made = register(api)
    assert (made["state"], made["direct"], made["recurrence"]) == ("confirmed", True, None)
    assert made["confirmed"] == {"candidate": "c1", **TIME}
    assert made["occurrences"] == [made["confirmed"]]
    assert made["calendar"]["wanted"] == 2


def test_a_series_answers_with_every_time(api: Api) -> None:
    made = register(api, recurrence=WEEKLY)
    assert made["recurrence"] == WEEKLY
    assert [c["start"][:10] for c in made["occurrences"]] == [
        "2026-11-25",
        "2026-12-02",
        "2026-12-09",
        "2026-12-16",
    ]
    assert {c["state"] for c in made["candidates"]} == {"chosen"}
    assert made["calendar"]["wanted"] == 8
    _, for_guest = api.guest.call("GET", f"/guest/{made['guest_url'].rpartition('/')[2]}")
    assert for_guest["occurrences"] == made["occurrences"]
    assert for_guest["recurrence"] == WEEKLY


def test_the_list_tells_the_next_time_of_a_series(api: Api) -> None:
    made = register(api, recurrence=WEEKLY)
    Worker(api.services).read()

    def listed(now: datetime) -> list[str]:
        api.clock.now = now
        _, answer = api.tanaka.call("GET", "/appointments?state=confirmed")
        [line] = answer["appointments"]
        return [line[edge][:16] for edge in ("start", "end")]

    first, second, *_, last = (datetime.fromisoformat(each["end"]) for each in made["occurrences"])
    assert listed(first - timedelta(minutes=1)) == ["2026-11-25T10:00", "2026-11-25T11:00"]
    assert listed(first) == ["2026-12-02T10:00", "2026-12-02T11:00"]
    api.tanaka.call("POST", f"/appointments/{made['id']}/occurrences/c3/cancel")
    Worker(api.services).read()
    assert listed(second) == ["2026-12-16T10:00", "2026-12-16T11:00"]
    assert listed(last) == ["2026-11-25T10:00", "2026-12-16T11:00"], "over: from the first to the last"


def test_an_interval_that_is_left_out_is_one(api: Api) -> None:
    made = register(api, recurrence={"frequency": "daily", "count": 2})
    assert made["recurrence"] == {"frequency": "daily", "count": 2, "interval": 1}


def test_whole_days_are_registered_as_such(api: Api) -> None:
    made = register(api, candidates=[DAYS])
    assert made["candidates"][0]["all_day"] is True
    assert made["confirmed"]["end"] == DAYS["end"]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"candidates": []}, "candidates", "candidates_missing"),
        ({"candidates": [TIME, DAYS]}, "candidates", "direct_needs_one_time"),
        ({"candidates": [TIME | {"all_day": True}]}, "candidates.0.start", "candidate_no_midnight"),
        ({"recurrence": WEEKLY | {"count": 1}}, "recurrence.count", "occurrences_out_of_range"),
        ({"recurrence": WEEKLY | {"interval": 13}}, "recurrence.interval", "interval_out_of_range"),
        ({"recurrence": WEEKLY | {"frequency": "yearly"}}, "recurrence.frequency", "unknown_value"),
        ({"recurrence": {"frequency": "weekly"}}, "recurrence.count", "missing"),
        ({"direct": False, "recurrence": WEEKLY}, "recurrence.frequency", "recurrence_needs_direct"),
        ({"direct": False, "candidates": [DAYS]}, "candidates.0.start", "candidate_all_day"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(api: Api, changes: Any, field: str, code: str) -> None:
    status, answer = api.tanaka.call("POST", "/appointments", direct(**changes))
    assert status == 422
    assert (field, code) in [(e["field"], e["code"]) for e in answer["errors"]]


def test_the_date_that_is_taken_is_named(api: Api) -> None:
    register(api, candidates=[{"start": "2026-12-09T10:30:00+09:00", "end": "2026-12-09T11:30:00+09:00"}])
    status, answer = api.tanaka.call("POST", "/appointments", direct(recurrence=WEEKLY))
    assert status == 422
    assert {(e["field"], e["code"]) for e in answer["errors"]} == {
        ("candidates.0.start", "occurrence_reserved")
    }
    assert "2026-12-09" in answer["errors"][0]["message"]


def test_days_are_not_added_to_what_a_guest_picks_from(api: Api) -> None:
    made = api.tanaka.propose()
    day = DAYS | {"start": "2026-11-27T00:00:00+09:00"}
    status, answer = api.tanaka.call("POST", f"/appointments/{made['id']}/candidates", {"candidates": [day]})
    assert (status, answer["errors"][0]["code"]) == (422, "candidate_all_day")


class TestCallingOneOff:
    def test_the_others_stand(self, api: Api) -> None:
        made = register(api, recurrence=WEEKLY)
        status, after = api.tanaka.call(
            "POST", f"/appointments/{made['id']}/occurrences/c2/cancel", {"reason": "休業日"}
        )
        assert status == 200
        assert [c["candidate"] for c in after["occurrences"]] == ["c1", "c3", "c4"]
        assert after["candidates"][1]["state"] == "withdrawn"
        assert after["state"] == "confirmed"

    def test_asked_again_it_answers_the_same(self, api: Api) -> None:
        made = register(api, recurrence=WEEKLY)
        path = f"/appointments/{made['id']}/occurrences/c2/cancel"
        once, again = (api.tanaka.call("POST", path, {}) for _ in range(2))
        assert once == again

    def test_the_only_one_is_cancelled_with_the_appointment(self, api: Api) -> None:
        made = register(api)
        status, answer = api.tanaka.call("POST", f"/appointments/{made['id']}/occurrences/c1/cancel", {})
        assert (status, answer["code"]) == (409, "last_occurrence")

    def test_one_that_is_not_there_is_not_found(self, api: Api) -> None:
        made = register(api, recurrence=WEEKLY)
        status, _ = api.tanaka.call("POST", f"/appointments/{made['id']}/occurrences/c9/cancel", {})
        assert status == 404

    def test_it_is_nobody_else_s_to_call_off(self, api: Api) -> None:
        made = register(api, recurrence=WEEKLY)
        status, _ = api.sato.call("POST", f"/appointments/{made['id']}/occurrences/c2/cancel", {})
        assert status == 404


class TestTrying:
    def test_it_tells_the_mails_of_a_meeting_that_is_yet_to_come(self, api: Api) -> None:
        body = direct(recurrence=WEEKLY, platform="zoom")
        status, answer = api.tanaka.call("POST", "/appointments?dry_run=true", body)
        assert status == 200
        tried = answer["would_create"]
        assert (tried["state"], len(tried["occurrences"]), tried["meeting"]) == ("confirmed", 4, None)
        assert {mail["rule"] for mail in tried["mails"]} == {"confirmation"}
        assert {f["kind"] for f in answer["findings"]} == {"calendar", "host"}
        _, listed = api.tanaka.call("GET", "/appointments")
        assert listed["appointments"] == []


def test_the_history_tells_it_as_a_series(api: Api) -> None:
    made = register(api, recurrence=WEEKLY)
    api.tanaka.call("POST", f"/appointments/{made['id']}/occurrences/c2/cancel", {"reason": "休業日"})
    _, found = api.tanaka.call("GET", f"/appointments/{made['id']}/history")
    first, *_, last = (line["text"] for line in found["history"])
    assert "4回分" in first
    assert "12月2日(水) 10:00〜11:00" in last
    assert "休業日" in last
