"""Several calendars in one Google account: which there are, and what each scope opens."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from chouseiapo.sandbox import Sandbox
from tests.sandbox.clients import AUTH, GoogleMailbox, google_event, reason
from tests.sandbox.conftest import new_person

LIST = "/calendar/v3/users/me/calendarList"
ANY = [f"{AUTH}calendar.events", f"{AUTH}calendar.calendarlist.readonly"]


def events(calendar_id: str) -> str:
    return f"/calendar/v3/calendars/{calendar_id}/events"


def listed(google: GoogleMailbox, **parameters: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = google.ask("GET", LIST, params=parameters).json()["items"]
    return found


@pytest.fixture
def wide(google: GoogleMailbox) -> GoogleMailbox:
    """The same person, with a consent to all calendars that may be written to."""
    google.refresh_token = google.sandbox.grant("google", google.email, ANY)
    google.sign_in()
    return google


def test_the_list_names_every_calendar_and_what_one_may_do(sandbox: Sandbox, google: GoogleMailbox) -> None:
    made = [sandbox.add_calendar(google.email, name, name) for name in ("owner", "writer", "reader")]
    found = listed(google)
    assert [(each["id"], each["accessRole"]) for each in found] == [
        (google.email, "owner"),
        *((each.id, each.name) for each in made),
    ]
    assert [each.get("primary") for each in found] == [True, None, None, None]
    assert {each["timeZone"] for each in found} == {"Asia/Tokyo"}
    assert all(each.id.startswith("c_") and each.id.endswith("@group.calendar.google.com") for each in made)
    assert google.ask("GET", f"{LIST}/{made[0].id}").json()["summary"] == "owner"


def test_the_list_comes_page_by_page_and_again_only_when_it_has_changed(
    sandbox: Sandbox, google: GoogleMailbox
) -> None:
    sandbox.add_calendar(google.email, "出張")
    first = google.ask("GET", LIST, params={"maxResults": "1"}).json()
    rest = {"maxResults": "1", "pageToken": first["nextPageToken"]}
    second = google.ask("GET", LIST, params=rest).json()
    assert [each["summary"] for each in first["items"] + second["items"]] == ["試験", "出張"]
    again = {"syncToken": google.ask("GET", LIST).json()["nextSyncToken"]}
    assert google.ask("GET", LIST, params=again).json()["items"] == []
    sandbox.add_calendar(google.email, "会議")
    changed = google.ask("GET", LIST, params=again)
    assert (changed.status_code, reason(changed)) == (410, "fullSyncRequired")


def test_hidden_and_removed_calendars_are_listed_only_on_request(
    sandbox: Sandbox, google: GoogleMailbox
) -> None:
    hidden = sandbox.add_calendar(google.email, "隠した", hidden=True)
    removed = sandbox.add_calendar(google.email, "外した", "writer")
    sandbox.add_calendar(google.email, "外した", "none", removed.id)
    assert len(listed(google)) == 1
    assert [each.get("hidden") for each in listed(google, showHidden="true")] == [None, True]
    (gone,) = (each for each in listed(google, showDeleted="true") if each.get("deleted"))
    assert (gone["id"], "summary" in gone) == (removed.id, False)
    assert google.ask("GET", f"{LIST}/{hidden.id}").json()["hidden"] is True
    assert google.ask("GET", f"{LIST}/{removed.id}").status_code == 404


def test_the_least_access_can_be_asked_for(sandbox: Sandbox, google: GoogleMailbox) -> None:
    for access in ("freeBusyReader", "reader", "writer"):
        sandbox.add_calendar(google.email, access, access)
    assert [each["summary"] for each in listed(google, minAccessRole="writer")] == ["試験", "writer"]
    assert google.ask("GET", LIST, params={"minAccessRole": "boss"}).status_code == 400
    assert google.ask("GET", LIST, params={"orderBy": "summary"}).status_code == 400


def test_an_event_stands_on_the_calendar_that_the_path_names(sandbox: Sandbox, google: GoogleMailbox) -> None:
    other = sandbox.add_calendar(google.email, "出張")
    made = google.ask("POST", events(other.id), google_event(id="other0001"))
    assert (made.status_code, made.json()["organizer"]["email"]) == (200, other.id)
    assert (google.state, len(google.standing(other.id))) == ([], 1)
    assert google.ask("GET", events("primary") + "/other0001").status_code == 404
    path = events(other.id) + "/other0001"
    assert google.ask("PATCH", path, {"summary": "別"}).json()["summary"] == "別"
    assert google.insert(id="other0001").status_code == 200, "an id is taken on its own calendar only"
    assert google.ask("DELETE", path).status_code == 204
    assert google.standing(other.id) == []
    assert google.ask("GET", events(other.id)).json()["accessRole"] == "owner"


def test_the_scope_for_owned_calendars_ends_there(sandbox: Sandbox, google: GoogleMailbox) -> None:
    other = sandbox.add_calendar(google.email, "部の予定", "writer")
    for answer in (google.ask("POST", events(other.id), google_event()), google.ask("GET", events(other.id))):
        assert (answer.status_code, reason(answer)) == (403, "insufficientPermissions")


def test_the_scope_for_events_reaches_what_one_may_write_to_or_read(
    sandbox: Sandbox, wide: GoogleMailbox
) -> None:
    written = sandbox.add_calendar(wide.email, "部の予定", "writer")
    read = sandbox.add_calendar(wide.email, "会社の予定", "reader")
    assert wide.ask("POST", events(written.id), google_event()).status_code == 200
    assert wide.ask("GET", events(read.id)).json()["accessRole"] == "reader"
    assert required(wide.ask("POST", events(read.id), google_event()))
    seen = sandbox.add_calendar(wide.email, "空き時間だけ", "freeBusyReader")
    assert required(wide.ask("GET", events(seen.id)))


def required(answer: requests.Response) -> bool:
    return (answer.status_code, reason(answer)) == (403, "requiredAccessLevel")


def test_what_was_not_shared_does_not_exist(sandbox: Sandbox, wide: GoogleMailbox) -> None:
    colleague = new_person(sandbox, "google")
    other = sandbox.add_calendar(colleague, "私用")
    for id in (colleague, other.id, new_person(sandbox, "microsoft"), "c_none@group.calendar.google.com"):
        answer = wide.ask("GET", events(id))
        assert (answer.status_code, reason(answer)) == (404, "notFound")


def test_a_colleague_can_share_a_calendar_and_take_it_back(sandbox: Sandbox, wide: GoogleMailbox) -> None:
    colleague = new_person(sandbox, "google")
    wish = {"id": colleague, "name": "", "access": "writer"}
    assert wide.by_hand("POST", f"/calendars/{wide.email}", wish).status_code == 201
    assert wide.ask("POST", events(colleague), google_event()).status_code == 200
    assert len(wide.standing(colleague)) == 1
    wide.by_hand("POST", f"/calendars/{wide.email}", wish | {"access": "none"})
    assert wide.ask("GET", events(colleague)).status_code == 404


def test_who_may_only_read_learns_no_more_of_a_private_event_than_its_time(
    sandbox: Sandbox, wide: GoogleMailbox
) -> None:
    owner = GoogleMailbox(sandbox, new_person(sandbox, "google"))
    sandbox.add_calendar(wide.email, "", "reader", owner.email)
    id = owner.insert(summary="転職の面接", visibility="private").json()["id"]
    owner.insert(summary="定例")
    owner.close()
    private, usual = sorted(wide.ask("GET", events(owner.email)).json()["items"], key=lambda e: e["id"] != id)
    assert ("summary" in private, private["visibility"], "start" in private) == (False, "private", True)
    assert usual["summary"] == "定例"
    assert "面接" not in wide.ask("GET", f"{events(owner.email)}/{id}").text


def test_requests_are_told_by_the_calendar_that_they_are_about(sandbox: Sandbox, wide: GoogleMailbox) -> None:
    other = sandbox.add_calendar(wide.email, "部の予定", "writer")
    wide.ask("GET", events(other.id))
    wide.ask("GET", events("primary"))
    wide.ask("GET", LIST)
    rows = wide.by_hand("GET", "/state.json").json()["requests"][-3:]
    assert [row["mailbox"] for row in rows] == [other.id, wide.email, wide.email]
