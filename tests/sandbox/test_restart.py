"""What survives a restart, and what a stop leaves behind: nothing."""

from __future__ import annotations

import json
import smtplib
import socket
import stat
import threading
import time
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chouseiapo.sandbox import Person, Sandbox
from tests.sandbox.clients import END, START, GoogleMailbox, GraphMailbox, ZoomMailbox, at, session, tagged

LATER, LATEST = at("2026-11-26T10:00"), at("2026-11-26T11:00")
NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def fill(sandbox: Sandbox) -> tuple[GoogleMailbox, GraphMailbox, ZoomMailbox]:
    google, graph = GoogleMailbox(sandbox, "tanaka@example.com"), GraphMailbox(sandbox, "suzuki@example.com")
    zoom = ZoomMailbox(sandbox, "tanaka@example.com")
    google.insert(id="kept0001", extendedProperties={"private": {"appointment": "a1", "candidate": "c1"}})
    google.insert(id="gone0001")
    google.ask("DELETE", google.events_path + "/gone0001")
    graph.create(transactionId="t1", singleValueExtendedProperties=tagged(appointment="a1", candidate="c1"))
    zoom.create()
    mail = EmailMessage()
    mail["To"], mail["Subject"] = "yamada@example.net", "件名"
    mail.set_content("本文です。\n")
    address = urlsplit(sandbox.env["CHOUSEIAPO_SMTP_URL"])
    with smtplib.SMTP(address.hostname or "", address.port or 0) as client:
        client.send_message(mail, from_addr="no-reply@example.com")
    for each in (google, graph, zoom):
        each.close()
    return google, graph, zoom


def state(sandbox: Sandbox) -> dict[str, object]:
    with session() as http:
        found: dict[str, object] = http.get(f"{sandbox.url}/state.json", timeout=10).json()
    return {name: found[name] for name in ("calendars", "meetings", "mails")}


def test_a_restarted_sandbox_goes_on_where_it_was(tmp_path: Path) -> None:
    first = Sandbox(data=tmp_path, people=[Person("tanaka@example.com", "田中", "google")])
    first.start()
    first.add_person("suzuki@example.com", "鈴木", "microsoft")
    google, graph, zoom = fill(first)
    before, env = state(first), first.env
    first.stop()
    second = Sandbox(data=tmp_path)
    second.start()
    assert state(second)["meetings"] == before["meetings"]
    assert state(second)["mails"] == before["mails"]
    assert {**state(second)["calendars"]} | before["calendars"] == state(second)["calendars"]  # type: ignore[dict-item, operator]
    assert second.env == env, "whoever has the old settings goes on with them"
    google.sign_in()
    assert google.insert(id="gone0001").status_code == 409
    assert google.ask("GET", google.events_path, params={"privateExtendedProperty": "appointment=a1"}).json()[
        "items"
    ]
    graph.sign_in()
    graph.create(transactionId="t1")
    assert len(graph.state) == 1
    zoom.sign_in()
    assert zoom.ask("GET", "/users/me/meetings").json()["total_records"] == 1
    for each in (google, graph, zoom):
        each.close()
    second.stop()


def test_calendars_rooms_and_what_is_known_of_them_go_on_too(tmp_path: Path) -> None:
    first = Sandbox(data=tmp_path)
    first.start()
    google = GoogleMailbox(first, "tanaka@example.com")
    extra = first.add_calendar("tanaka@example.com", "出張", "writer", hidden=True)
    room = first.add_room("会議室", "microsoft", ["suzuki@example.com"], "room-a@example.com")
    first.show_busy("sato@example.com", "hidden")
    first.expire_sync("sato@example.com")
    for id in ("gone0001", "later0001"):
        google.insert(id=id)
    window = {"timeMin": START, "timeMax": END}
    token = google.ask("GET", google.events_path, params=window).json()["nextSyncToken"]
    google.ask("DELETE", google.events_path + "/gone0001")
    google.ask("PATCH", google.events_path + "/later0001", {"start": LATER, "end": LATEST})
    before = state(first)["calendars"]
    first.stop()
    second = Sandbox(data=tmp_path)
    second.start()
    assert state(second)["calendars"] == before
    calendars = second.world.calendars
    assert (calendars[extra.id].name, calendars[extra.id].shares["tanaka@example.com"].hidden) == (
        "出張",
        True,
    )
    assert (calendars[room.id].room, calendars[room.id].role("suzuki@example.com")) == (True, "writer")
    assert not second.world.people[room.id].uses("zoom")
    assert (calendars["sato@example.com"].shows_busy, calendars["sato@example.com"].epoch) == (False, 2)
    google.sign_in()
    items = google.ask("GET", google.events_path, params={"syncToken": token}).json()["items"]
    assert [(each["id"], each["status"]) for each in items] == [
        ("gone0001", "cancelled"),
        ("later0001", "cancelled"),
    ]
    google.close()
    second.stop()


def test_what_is_kept_is_for_its_owner_only(tmp_path: Path) -> None:
    with Sandbox(data=tmp_path):
        pass
    for name in ("sandbox.json", "localhost.pem"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert sorted(each.name for each in tmp_path.iterdir()) == ["ca.pem", "localhost.pem", "sandbox.json"]


def test_a_change_is_saved_within_seconds_without_a_stop(tmp_path: Path) -> None:
    with Sandbox(data=tmp_path) as sandbox:
        google = GoogleMailbox(sandbox, "tanaka@example.com")
        google.insert(id="soon0001")
        google.close()
        deadline = time.monotonic() + 10
        while "soon0001" not in read(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert "soon0001" in read(tmp_path)


def read(folder: Path) -> str:
    path = folder / "sandbox.json"
    return json.dumps(json.loads(path.read_text())) if path.exists() else ""


def test_other_ports_are_used_where_the_old_ones_are_taken(tmp_path: Path) -> None:
    with Sandbox(data=tmp_path) as first:
        port = urlsplit(first.url).port or 0
    with socket.create_server(("127.0.0.1", port)), Sandbox(data=tmp_path) as second:
        assert urlsplit(second.url).port != port
        assert second.env["CHOUSEIAPO_ZOOM_CLIENT_SECRET"] == first.env["CHOUSEIAPO_ZOOM_CLIENT_SECRET"]


def test_a_port_that_was_asked_for_and_is_taken_is_an_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        Sandbox(taken.getsockname()[1], tmp_path).start()


def test_a_stop_leaves_no_thread_and_no_socket(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    sandbox = Sandbox(data=tmp_path)
    sandbox.start()
    http = session()
    http.get(sandbox.url, timeout=10)  # and the connection stays open
    tls = socket.create_connection(
        ("localhost", urlsplit(sandbox.authority).port or 0)
    )  # and never shakes hands
    address = urlsplit(sandbox.env["CHOUSEIAPO_SMTP_URL"])
    smtp = smtplib.SMTP(address.hostname or "", address.port or 0)
    begun = time.monotonic()
    sandbox.stop()
    assert time.monotonic() - begun < 2
    assert set(threading.enumerate()) <= before
    for url in (sandbox.url, sandbox.authority, sandbox.env["CHOUSEIAPO_SMTP_URL"]):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", urlsplit(url).port or 0))
    smtp.close()
    tls.close()
    http.close()


def test_a_stop_waits_for_no_slow_answer(tmp_path: Path) -> None:
    sandbox = Sandbox()
    sandbox.start()
    google = GoogleMailbox(sandbox, "tanaka@example.com")
    sandbox.world.faults.add({"service": "google", "kind": "slow", "delay_s": 60})
    answers: list[int] = []
    asking = threading.Thread(target=lambda: answers.append(google.insert().status_code))
    asking.start()
    while not sandbox.world.faults.listed()[0]["hits"]:
        time.sleep(0.01)
    sandbox.stop()
    asking.join()
    google.close()
    assert answers == [200], "what is in progress is finished"


def test_busy_time_is_the_same_for_the_same_date_and_lies_on_weekdays() -> None:
    def seeded(now: datetime) -> dict[str, object]:
        with Sandbox(now=lambda: now) as sandbox:
            assert sandbox.seed_busy(now) > 20
            calendars = sandbox.world.calendars.values()
            return {
                str(n): [(e.title, e.start, e.end) for e in each.live()] for n, each in enumerate(calendars)
            }

    one = seeded(NOW)
    assert one == seeded(NOW.replace(hour=5))
    assert one != seeded(NOW.replace(day=10))
    starts = [entry[1] for entries in one.values() for entry in entries]  # type: ignore[attr-defined]
    assert {start.weekday() for start in starts} <= {0, 1, 2, 3, 4}
