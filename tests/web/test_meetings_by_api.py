"""What programs do with a confirmed appointment's time and its web meeting."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chouseiapo.domain.meeting_options import MeetingOptions
from chouseiapo.domain.organization import ORGANIZATION
from chouseiapo.domain.proposal import Meeting
from chouseiapo.web import limits
from tests.product import BY, NOW
from tests.web.api import Api, proposal


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    limits.forget_all()


def confirmed(api: Api, **changes: Any) -> str:
    made = api.tanaka.propose(**changes)
    status, _ = api.tanaka.confirm(made, "c1")
    assert status == 200
    return str(made["id"])


def to(start: str, end: str) -> dict[str, str]:
    return {"start": f"2026-11-27T{start}:00+09:00", "end": f"2026-11-27T{end}:00+09:00"}


class TestMoving:
    def test_the_time_is_another_at_once_and_the_old_one_is_free(self, api: Api) -> None:
        id = confirmed(api)
        status, moved = api.tanaka.call("POST", f"/appointments/{id}/move", to("15:00", "16:00"))
        assert (status, moved["confirmed"]["start"]) == (200, "2026-11-27T15:00:00+09:00")
        assert confirmed(api), "the time before can be booked again"

    def test_a_booked_time_is_taken(self, api: Api) -> None:
        first = confirmed(api)
        api.tanaka.call("POST", f"/appointments/{first}/move", to("15:00", "16:00"))
        status, refused = api.tanaka.call(
            "POST", f"/appointments/{confirmed(api)}/move", to("15:30", "16:30")
        )
        assert (status, refused["code"]) == (409, "candidate_taken")

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            (to("16:00", "15:00"), "end"),
            (to("15:10", "16:00"), "start"),
            ({"start": "2026-11-27T15:00:00", "end": "2026-11-27T16:00:00+09:00"}, "start"),
            ({"start": "2026-11-27T15:00:00+09:00", "end": "9999-11-27T16:00:00+09:00"}, "end"),
            ({"start": "2026-11-27T15:00:00+09:00"}, "end"),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field(self, api: Api, body: dict[str, str], field: str) -> None:
        status, refused = api.tanaka.call("POST", f"/appointments/{confirmed(api)}/move", body)
        assert (status, [each["field"] for each in refused["errors"]]) == (422, [field])

    def test_nothing_is_fixed_yet(self, api: Api) -> None:
        made = api.tanaka.propose()
        status, refused = api.tanaka.call("POST", f"/appointments/{made['id']}/move", to("15:00", "16:00"))
        assert (status, refused["code"]) == (409, "not_confirmed")

    def test_the_same_key_moves_it_once(self, api: Api) -> None:
        path = f"/appointments/{confirmed(api)}/move"
        for _ in range(2):
            _, moved = api.tanaka.call("POST", path, to("15:00", "16:00"), Idempotency_Key="k")
        status, _ = api.tanaka.call("POST", path, to("16:00", "17:00"), Idempotency_Key="k")
        assert (moved["revision"], status) == (3, 422)


class TestMeetings:
    def test_by_hand_one_is_issued_when_asked_for(self, api: Api) -> None:
        app = api.services.coordination
        app.choose_meeting_options(ORGANIZATION, MeetingOptions(automatic=False), BY, NOW)
        id = confirmed(api, platform="zoom")
        assert not app.appointment(id).awaits_meeting
        status, _ = api.tanaka.call("POST", f"/appointments/{id}/meeting")
        assert (status, app.appointment(id).awaits_meeting) == (202, True)

    def test_without_one_that_we_issue_there_is_nothing_to_ask_for(self, api: Api) -> None:
        id = confirmed(api, platform="none")
        status, refused = api.tanaka.call("POST", f"/appointments/{id}/meeting")
        assert (status, refused["code"]) == (409, "no_conference")

    def test_a_registered_guest_is_told_their_own_way_in_alone(self, api: Api) -> None:
        made = api.tanaka.propose(platform="zoom")
        api.tanaka.confirm(made, "c1")
        issued = Meeting("https://zoom.example/j/1", "1", "p", "https://zoom.example/w/9")
        api.services.coordination.issue_meeting(made["id"], issued, "zoom-x-1", BY, datetime.now(UTC))
        _, seen = api.guest.call("GET", f"/guest/{made['guest_url'].rpartition('/')[2]}")
        assert seen["meeting"] == {
            "join_url": "https://zoom.example/w/9",
            "meeting_id": "1",
            "passcode": "p",
        }


class TestOptions:
    def test_a_proposal_brings_its_own_and_leaves_the_rest_to_its_organizer(self, api: Api) -> None:
        app = api.services.coordination
        app.choose_meeting_options(api.office.tanaka, MeetingOptions(passcode=True), BY, NOW)
        asked = {"waiting_room": True, "recording": "cloud", "passcode": None}
        made = api.tanaka.propose(platform="zoom", meeting_options=asked)
        assert made["meeting_options"] == {"waiting_room": True, "recording": "cloud"}
        holding = app.meeting_options(app.appointment(made["id"]))
        assert (holding.waiting_room, holding.recording, holding.passcode) == (True, "cloud", True)

    @pytest.mark.parametrize(
        ("asked", "field"),
        [
            ({"waiting_rom": True}, "waiting_rom"),
            ({"recording": "tape"}, "recording"),
            ({"passcode": "secret"}, "passcode"),
            ({"waiting_room": True, "join_before_host": "anytime"}, "join_before_host"),
        ],
    )
    def test_what_is_wrong_is_said_at_its_field(self, api: Api, asked: dict[str, Any], field: str) -> None:
        body = proposal(platform="zoom", meeting_options=asked)
        status, refused = api.tanaka.call("POST", "/appointments", body)
        assert (status, refused["errors"][0]["field"]) == (422, f"meeting_options.{field}")


def test_a_fixed_url_is_the_organizer_s_own_where_none_is_named(api: Api) -> None:
    app = api.services.coordination
    status, refused = api.tanaka.call("POST", "/appointments", fixed())
    assert (status, refused["errors"][0]["field"]) == (422, "url")
    app.choose_meeting_url(api.office.tanaka, "https://meet.example/tanaka", BY, NOW)
    status, made = api.tanaka.call("POST", "/appointments", fixed())
    assert (status, made["url"]) == (201, "https://meet.example/tanaka")
    _, other = api.tanaka.call("POST", "/appointments", fixed(url="https://meet.example/other"))
    assert other["url"] == "https://meet.example/other"


def fixed(**changes: Any) -> dict[str, Any]:
    return proposal(platform="url", **changes)
