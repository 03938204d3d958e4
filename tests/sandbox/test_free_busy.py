"""Who sees when a colleague is busy, and how odd entries count, at both vendors."""

from __future__ import annotations

from typing import Any

import pytest

from chouseiapo.sandbox import Sandbox
from tests.sandbox.clients import AUTH, GoogleMailbox, GraphMailbox, graph_time
from tests.sandbox.conftest import new_person

DAY = {"timeMin": "2026-11-25T00:00:00+09:00", "timeMax": "2026-11-26T00:00:00+09:00"}


def busy(google: GoogleMailbox, *ids: str) -> dict[str, Any]:
    wish = {**DAY, "timeZone": "Asia/Tokyo", "items": [{"id": id} for id in ids]}
    found: dict[str, Any] = google.ask("POST", "/calendar/v3/freeBusy", wish).json()["calendars"]
    return found


def spans(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["start"][11:16], each["end"][11:16]) for each in found["busy"]]


def schedule(graph: GraphMailbox, *addresses: str) -> list[dict[str, Any]]:
    wish = {
        "schedules": list(addresses),
        "startTime": graph_time("2026-11-25T00:00:00"),
        "endTime": graph_time("2026-11-26T00:00:00"),
        "availabilityViewInterval": 60,
    }
    found: list[dict[str, Any]] = graph.ask("POST", "/me/calendar/getSchedule", wish).json()["value"]
    return found


def put(mailbox: GoogleMailbox | GraphMailbox, id: str, hour: int, **more: str) -> None:
    times = {name: f"2026-11-25T{at:02}:00:00+09:00" for name, at in (("start", hour), ("end", hour + 1))}
    answer = mailbox.by_hand("POST", f"/entries/{id}", {"title": "歯医者", **times, **more})
    assert answer.status_code == 201, answer.text


def test_google_shows_a_colleagues_busy_time_until_it_is_hidden(
    sandbox: Sandbox, google: GoogleMailbox
) -> None:
    colleague = GoogleMailbox(sandbox, new_person(sandbox, "google"))
    put(google, colleague.email, 10)
    assert spans(busy(google, colleague.email)[colleague.email]) == [("10:00", "11:00")]
    google.by_hand("PATCH", f"/calendars/{colleague.email}", {"free_busy": "hidden"})
    assert busy(google, colleague.email)[colleague.email] == {
        "errors": [{"domain": "global", "reason": "notFound"}],
        "busy": [],
    }
    assert spans(busy(colleague, colleague.email)[colleague.email]) == [("10:00", "11:00")]
    sandbox.add_calendar(google.email, "", "freeBusyReader", colleague.email)
    assert spans(busy(google, colleague.email)[colleague.email]) == [("10:00", "11:00")]
    colleague.close()


def test_google_shows_nothing_beyond_the_domain_or_of_further_calendars(
    sandbox: Sandbox, google: GoogleMailbox
) -> None:
    sandbox.add_person("partner@example.net", "取引先", "google")
    further = sandbox.add_calendar(new_person(sandbox, "google"), "私用")
    microsoft = new_person(sandbox, "microsoft")
    found = busy(google, "partner@example.net", further.id, microsoft)
    assert [each["errors"][0]["reason"] for each in found.values()] == ["notFound"] * 3


def test_googles_scope_for_free_time_alone_ends_at_ones_own_calendars(
    sandbox: Sandbox, google: GoogleMailbox
) -> None:
    own = sandbox.add_calendar(google.email, "出張")
    colleague = new_person(sandbox, "google")
    alone = GoogleMailbox(sandbox, google.email, [f"{AUTH}calendar.freebusy"])
    assert [("errors" in each) for each in busy(alone, "primary", own.id, colleague).values()] == [
        False,
        False,
        True,
    ]
    alone.close()


def test_graph_shows_a_colleagues_busy_time_until_it_is_hidden(sandbox: Sandbox, graph: GraphMailbox) -> None:
    colleague = GraphMailbox(sandbox, new_person(sandbox, "microsoft"))
    put(graph, colleague.email, 10)
    (found,) = schedule(graph, colleague.email)
    assert found["availabilityView"][10] == "2"
    assert "subject" not in found["scheduleItems"][0], "what it is about was not shared"
    sandbox.show_busy(colleague.email, "hidden")
    own, hidden = schedule(graph, graph.email, colleague.email)
    assert "error" not in own
    assert hidden["error"]["responseCode"] == "ErrorNoFreeBusyAccess"
    assert (hidden["scheduleItems"], hidden["availabilityView"]) == ([], "")
    assert schedule(colleague, colleague.email)[0]["availabilityView"][10] == "2"
    colleague.close()


def test_graph_says_what_a_time_is_taken_by_to_whom_the_calendar_was_shared(
    sandbox: Sandbox, graph: GraphMailbox
) -> None:
    colleague = new_person(sandbox, "microsoft")
    put(graph, colleague, 10)
    sandbox.add_calendar(graph.email, "", "reader", colleague)
    assert schedule(graph, colleague)[0]["scheduleItems"][0]["subject"] == "歯医者"


def test_graph_answers_by_the_mailbox_that_the_path_names(sandbox: Sandbox, graph: GraphMailbox) -> None:
    wish = {
        "schedules": [graph.email],
        "startTime": graph_time("2026-11-25T00:00:00"),
        "endTime": graph_time("2026-11-26T00:00:00"),
    }
    assert graph.ask("POST", f"/users/{graph.email}/calendar/getSchedule", wish).status_code == 200
    other = graph.ask("POST", f"/users/{new_person(sandbox, 'microsoft')}/calendar/getSchedule", wish)
    assert other.status_code == 403


def test_google_counts_tentative_and_whole_days_but_not_what_is_free(google: GoogleMailbox) -> None:
    put(google, google.email, 10, status="tentative")
    put(google, google.email, 12, show_as="free")
    put(google, google.email, 14, show_as="workingElsewhere")
    put(google, google.email, 16, show_as="oof")
    assert spans(busy(google, "primary")["primary"]) == [("10:00", "11:00"), ("16:00", "17:00")]
    whole = {"title": "休暇", "start": "2026-11-25", "end": "2026-11-26"}
    assert google.by_hand("POST", f"/entries/{google.email}", whole).status_code == 201
    assert spans(busy(google, "primary")["primary"]) == [("00:00", "00:00")]
    found = google.ask("GET", google.events_path).json()["items"]
    (day,) = (each for each in found if each["summary"] == "休暇")
    assert (day["start"], day["end"]) == ({"date": "2026-11-25"}, {"date": "2026-11-26"})


def test_graph_has_a_digit_for_each_way_to_be_busy(graph: GraphMailbox) -> None:
    put(graph, graph.email, 10, status="tentative")
    for hour, show_as in ((11, "free"), (12, "busy"), (13, "oof"), (14, "workingElsewhere")):
        put(graph, graph.email, hour, show_as=show_as)
    (found,) = schedule(graph, graph.email)
    assert found["availabilityView"][9:16] == "0102300"
    whole = {"title": "休暇", "start": "2026-11-25", "end": "2026-11-26"}
    id = graph.by_hand("POST", f"/entries/{graph.email}", whole).json()["id"]
    assert graph.ask("GET", f"/me/events/{id}").json()["isAllDay"] is True
    assert set(schedule(graph, graph.email)[0]["availabilityView"]) == {"2", "3"}


@pytest.mark.parametrize("provider", ["google", "microsoft"])
def test_whole_days_and_times_are_not_mixed(sandbox: Sandbox, http: Any, provider: str) -> None:
    url = f"{sandbox.url}/entries/{new_person(sandbox, provider)}"
    mixed = {"title": "休暇", "start": "2026-11-25", "end": "2026-11-26T10:00:00+09:00"}
    assert http.post(url, json=mixed, timeout=10).status_code == 400
    whole = {"title": "休暇", "start": "2026-11-25", "end": "2026-11-27"}
    id = http.post(url, json=whole, timeout=10).json()["id"]
    assert http.patch(f"{url}/{id}", json={"end": mixed["end"]}, timeout=10).status_code == 400
    moved = http.patch(f"{url}/{id}", json={"start": "2026-11-26"}, timeout=10)
    assert (moved.status_code, moved.json()["start"]) == (200, "2026-11-25T15:00:00+00:00")
    timed = {"start": "2026-11-26T10:00:00+09:00", "end": mixed["end"].replace("10:", "11:")}
    assert http.patch(f"{url}/{id}", json=timed, timeout=10).json()["end"] == "2026-11-26T02:00:00+00:00"
    odd = {"title": "休暇", **timed, "show_as": "away"}
    assert http.post(url, json=odd, timeout=10).status_code == 400
