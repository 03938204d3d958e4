"""What only Zoom does: its limits, its passcode rules, its tokens, and the users of an organization."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
import requests

from chouseiapo.accounts.zoom_organization import ZoomOrganization
from chouseiapo.adapters.zoom import ZoomMeetings
from chouseiapo.adapters.zoom.refusals import is_missing, refusal
from chouseiapo.config import Settings
from chouseiapo.ports import PortError
from chouseiapo.sandbox.zoom.settings import passcode_problem
from tests.adapters.conferences import OrganizationHost, ZoomHost, planned
from tests.adapters.recorded import RecordedRequests

PASSCODE = planned(settings={"passcode": True})
NO_PASSCODE = planned(settings={"passcode": False})


def of_passcodes(**rules: Any) -> dict[str, Any]:
    return {"schedule_meeting": {"meeting_password_requirement": rules}}


def test_nobody_is_mailed_about_a_deletion(zoom_host: ZoomHost, recorded_requests: RecordedRequests) -> None:
    zoom_host.conferencing.delete(zoom_host.link, zoom_host.create().meeting_id)
    deleted = next(r for r in recorded_requests if r.method == "DELETE")
    assert "schedule_for_reminder=false&cancel_meeting_reminder=false" in deleted.url


def test_the_agenda_names_the_appointment_and_nothing_else(zoom_host: ZoomHost) -> None:
    zoom_host.create(planned(tag="appointment-1/3"))
    assert zoom_host.meetings()[0]["agenda"] == "chouseiapo:appointment-1/3"


def test_a_list_that_lags_is_looked_at_again(zoom_host: ZoomHost) -> None:
    zoom_host.outside.turn(zoom_list_lag_s=0.5)
    zoom_host.fault("drop_after", limit=1)
    with pytest.raises(PortError):
        zoom_host.create()
    assert zoom_host.find() is None
    time.sleep(0.6)
    assert zoom_host.find() is not None


def test_what_a_list_still_shows_and_is_gone_is_not_found(zoom_host: ZoomHost) -> None:
    issued = zoom_host.create()
    time.sleep(0.6)
    zoom_host.outside.turn(zoom_list_lag_s=0.5)
    zoom_host.conferencing.delete(zoom_host.link, issued.meeting_id)
    assert zoom_host.conferencing.listed(zoom_host.link) != []
    assert zoom_host.find() is None


def test_a_daily_limit_says_when_it_ends(zoom_host: ZoomHost) -> None:
    """As an instant in ISO 8601, not in seconds."""
    zoom_host.outside.turn(zoom_daily_limit=1)
    zoom_host.create()
    with pytest.raises(PortError) as caught:
        zoom_host.create()
    now = datetime.now(UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    assert caught.value.reason == "daily_limit"
    assert caught.value.retry_after == pytest.approx((midnight - now).total_seconds(), abs=5)


@pytest.mark.parametrize(
    "rules",
    [
        {"length": 10},
        {"only_allow_numeric": True},
        {"only_allow_numeric": True, "length": 10, "consecutive_characters_length": 4},
        {"have_letter": True, "have_number": True},
        {"have_special_character": True, "have_upper_and_lower_characters": True, "length": 9},
        {"consecutive_characters_length": 4, "have_letter": True},
    ],
    ids=str,
)
def test_a_passcode_keeps_the_rules_of_the_host_s_account(zoom_host: ZoomHost, rules: dict[str, Any]) -> None:
    zoom_host.choose(settings=of_passcodes(**rules))
    issued = zoom_host.create(PASSCODE)
    user = zoom_host.outside.sandbox.world.zoom.user(zoom_host.email)
    assert issued.passcode
    assert passcode_problem(user, issued.passcode) == ""


def test_the_rules_are_read_once_an_hour(zoom_host: ZoomHost, vendor_settings: Settings) -> None:
    moment = datetime.now(UTC)
    zoom = ZoomMeetings(vendor_settings, zoom_host.vault, lambda: moment)

    def readings() -> int:
        zoom.create(zoom_host.link, PASSCODE)
        return sum(r["path"].endswith("/settings") for r in zoom_host.requests())

    assert [readings(), readings()] == [1, 0]
    moment += timedelta(minutes=61)
    zoom_host.choose(settings=of_passcodes(only_allow_numeric=True))
    assert readings() == 1
    assert zoom_host.meetings()[-1]["passcode"].isdecimal()
    zoom.close()


def test_without_leave_to_read_the_rules_a_passcode_is_strict(zoom_host: ZoomHost) -> None:
    zoom_host.choose(settings=of_passcodes(have_special_character=True, length=10))
    zoom_host.grant(["meeting:write:meeting", "user:read:user"])
    assert len(zoom_host.create(PASSCODE).passcode) == 10


def test_rules_that_cannot_be_read_now_are_asked_for_again(zoom_host: ZoomHost) -> None:
    zoom_host.fault("status", status=503, limit=1)
    with pytest.raises(PortError) as caught:
        zoom_host.create(PASSCODE)
    assert caught.value.reason == "unavailable"
    assert zoom_host.meetings() == []
    zoom_host.create(PASSCODE)


def test_where_the_account_insists_there_is_a_passcode_all_the_same(zoom_host: ZoomHost) -> None:
    zoom_host.choose(locked=["passcode"])
    issued = zoom_host.create(NO_PASSCODE)
    assert issued.passcode
    zoom_host.conferencing.update(zoom_host.link, issued.meeting_id, planned(NO_PASSCODE, topic="変更"))
    (meeting,) = zoom_host.meetings()
    assert (meeting["topic"], meeting["passcode"]) == ("変更", issued.passcode)


def test_an_expired_token_is_replaced_unnoticed(zoom_host: ZoomHost) -> None:
    zoom_host.create()
    zoom_host.outside.sandbox.expire("zoom", zoom_host.email)
    assert zoom_host.find() is not None
    zoom_host.outside.sandbox.expire("zoom", zoom_host.email)
    zoom_host.create()
    assert len(zoom_host.meetings()) == 2


def test_a_revoked_app_breaks_the_link_until_it_is_linked_anew(zoom_host: ZoomHost) -> None:
    zoom_host.create()
    zoom_host.outside.sandbox.revoke("zoom", zoom_host.email)
    with pytest.raises(PortError) as caught:
        zoom_host.create()
    assert (caught.value.reason, caught.value.auth) == ("token_refused", True)
    zoom_host.grant()
    assert zoom_host.find() is not None


def test_a_missing_scope_is_told(zoom_host: ZoomHost) -> None:
    zoom_host.grant(["user:read:user"])
    with pytest.raises(PortError) as caught:
        zoom_host.create()
    assert (caught.value.reason, caught.value.auth) == ("no_permission", True)


def test_a_basic_host_is_told_apart(zoom_host: ZoomHost) -> None:
    zoom_host.choose(type=1)
    assert zoom_host.conferencing.plan_of(zoom_host.link) == "basic"


def test_the_organization_s_users_are_listed_over_pages(
    organization_host: OrganizationHost, vendor_settings: Settings
) -> None:
    sandbox = organization_host.outside.sandbox
    known = {user.email for user in ZoomOrganization(vendor_settings).users()}
    for n in range(301):
        sandbox.add_zoom_user(f"crowd{len(known)}-{n}@example.com", f"人{n}", type=1 + n % 2)
    users = ZoomOrganization(vendor_settings).users()
    assert len({user.id for user in users}) == len(users) == len(known) + 301
    plans = [user.plan for user in users]
    assert plans == sorted(plans, key=lambda plan: plan != "licensed")
    mine = next(user for user in users if user.email == organization_host.email)
    assert (mine.plan, mine.name) == ("licensed", sandbox.world.zoom.user(mine.email).name)
    assert "retired@example.com" not in {user.email for user in users}


def test_each_user_of_the_organization_hosts_their_own(
    organization_host: OrganizationHost, zoom_host: ZoomHost
) -> None:
    organization_host.create()
    zoom_host.create(planned(tag="appointment-2"))
    assert [m["agenda"] for m in organization_host.meetings()] == ["chouseiapo:appointment-1"]
    assert [m["agenda"] for m in zoom_host.meetings()] == ["chouseiapo:appointment-2"]


def test_a_user_who_has_left_the_organization_breaks_the_host(organization_host: OrganizationHost) -> None:
    organization_host.choose(account="another")
    with pytest.raises(PortError) as caught:
        organization_host.create()
    assert (caught.value.reason, caught.value.auth) == ("account_not_found", True)


def test_wrong_settings_of_the_organization_s_app_are_nobody_s_broken_account(
    vendor_settings: Settings, organization_host: OrganizationHost
) -> None:
    wrong: list[dict[str, Any]] = [
        {"zoom_s2s_client_secret": "another"},
        {"zoom_account_id": "another"},
        {"zoom_s2s_client_id": vendor_settings.zoom_client_id},
    ]
    for change in wrong:
        with pytest.raises(PortError) as caught:
            ZoomOrganization(replace(vendor_settings, **change)).users()
        assert (caught.value.reason, caught.value.auth) == ("client_refused", False)
    assert ZoomOrganization(replace(vendor_settings, zoom_account_id="")).users() == []


@pytest.mark.parametrize(
    ("status", "body", "reason", "missing"),
    [
        (404, b'{"code": 3001, "message": "Meeting does not exist"}', "gone", True),
        (404, b'{"code": 2300, "message": "Not recognized."}', "rejected_404_2300", False),
        (404, b"<html>not here</html>", "unavailable", False),
        (403, b"<html>not you</html>", "unavailable", False),
    ],
)
def test_what_is_not_zoom_s_own_word_says_nothing_about_a_meeting_or_an_account(
    status: int, body: bytes, reason: str, missing: bool
) -> None:
    answer = requests.Response()
    answer.status_code, answer.raw = status, BytesIO(body)
    assert (refusal(answer, datetime.now(UTC)).reason, is_missing(answer)) == (reason, missing)
