"""How events look in the store, and that what was ever stored stays readable."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from eventsourcing.persistence import StoredEvent
from freezegun import freeze_time

from chouseiapo.accounts.keyring import StoredKeyring
from chouseiapo.accounts.secrets import PERSONAL_DATA, Sealer
from chouseiapo.bootstrap import Services
from chouseiapo.domain.appointment import Appointment, State
from chouseiapo.domain.errors import Erased
from chouseiapo.domain.event import ERASED, Event, Meta
from chouseiapo.domain.proposal import Guest
from chouseiapo.domain.slots import Candidate
from chouseiapo.events import EVENTS, UPCASTERS, EventMapper, NewerEvent, personal_fields
from chouseiapo.tables import keys
from tests.product import BY, NOW, SECRET, YAMADA, Office

SAMPLES = Path(__file__).parents[1] / "samples" / "events.jsonl"
STREAM = "appointment-0123456789abcdef0123456789abcdef"


class FixedKeyring:
    """The key that the samples were sealed with; it protects nothing but made-up people."""

    def __init__(self, key: bytes | None = bytes(range(32))) -> None:
        self._key = key

    def key(self, subject: str) -> bytes | None:
        return self._key

    def new_key(self, subject: str) -> bytes:
        assert self._key is not None
        return self._key


def samples() -> list[dict[str, Any]]:
    return [json.loads(line) for line in SAMPLES.read_text(encoding="utf-8").splitlines()]


def stored(sample: dict[str, Any]) -> StoredEvent:
    return StoredEvent(STREAM, sample["version"], sample["name"], base64.b64decode(sample["state"]))


@pytest.mark.parametrize("sample", samples(), ids=lambda s: f"{s['name']}-v{s['shape']}")
def test_a_sample_of_each_shape_still_means_the_same(sample: dict[str, Any]) -> None:
    event = EventMapper(FixedKeyring()).to_domain_event(stored(sample))
    read = json.loads(msgspec.json.encode(event))
    assert {field: read[field] for field in sample["means"]} == sample["means"]
    added = {field for field in read if field not in sample["means"]}
    defaults = {field.name: field.default for field in msgspec.structs.fields(event)}
    assert {field: getattr(event, field) for field in added} == {field: defaults[field] for field in added}


def test_every_event_has_a_sample_of_every_shape_it_ever_had() -> None:
    kept = {(s["name"], s["shape"]) for s in samples()}
    needed = {(e.NAME, v) for e in EVENTS.values() for v in range(1, e.VERSION + 1)}
    assert kept == needed


def test_every_older_shape_has_an_upcaster() -> None:
    assert set(UPCASTERS) == {(e.NAME, v) for e in EVENTS.values() for v in range(1, e.VERSION)}


def a_confirmation(version: int = 2) -> Appointment.Confirmed:
    return Appointment.Confirmed(
        originator_id=STREAM, originator_version=version, at=NOW, candidate="c1", guest=YAMADA
    )


class TestPersonalFields:
    def test_which_fields_are_personal(self) -> None:
        assert set(personal_fields(Appointment.Proposed)) == {
            "url",
            "place",
            "title",
            "guest",
            "message",
            "note",
        }
        assert set(personal_fields(Appointment.MeetingIssued)) == {"meeting"}
        assert set(personal_fields(Appointment.Cancelled)) == {"reason"}

    def test_they_are_not_readable_where_they_are_stored(self) -> None:
        state = EventMapper(FixedKeyring()).to_stored_event(a_confirmation()).state
        assert "山田".encode() not in state
        assert b"yamada" not in state
        assert b'"candidate":"c1"' in state

    def test_without_the_key_they_read_as_erased_and_the_rest_stands(self) -> None:
        kept = EventMapper(FixedKeyring()).to_stored_event(a_confirmation())
        read = EventMapper(FixedKeyring(None)).to_domain_event(kept)
        assert isinstance(read, Appointment.Confirmed)
        assert read.guest == Guest(name=ERASED)
        assert read.candidate == "c1"

    def test_a_sealed_field_cannot_be_moved_to_another_place(self) -> None:
        kept = EventMapper(FixedKeyring()).to_stored_event(a_confirmation())
        moved = StoredEvent("appointment-other", 2, kept.topic, kept.state)
        with pytest.raises(ValueError, match="altered"):
            EventMapper(FixedKeyring()).to_domain_event(moved)


class TestShapes:
    def test_a_newer_shape_is_refused_instead_of_guessed_at(self) -> None:
        newer = StoredEvent(STREAM, 1, "appointment.expired", b'{"v":2,"at":"2026-11-21T00:00:00Z"}')
        with pytest.raises(NewerEvent):
            EventMapper(FixedKeyring()).to_domain_event(newer)

    def test_an_older_shape_is_lifted_step_by_step(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(Appointment.CandidateTaken, "VERSION", 3)
        monkeypatch.setitem(
            UPCASTERS, ("appointment.candidate-taken", 1), lambda s: s | {"candidate": s["slot"]}
        )
        monkeypatch.setitem(
            UPCASTERS,
            ("appointment.candidate-taken", 2),
            lambda s: {k: v for k, v in s.items() if k != "slot"} | {"by": s.get("by", "unknown")},
        )
        old = StoredEvent(
            STREAM, 1, "appointment.candidate-taken", b'{"at":"2026-11-21T00:00:00Z","slot":"c1"}'
        )
        event = EventMapper(FixedKeyring()).to_domain_event(old)
        assert isinstance(event, Appointment.CandidateTaken)
        assert (event.candidate, event.by) == ("c1", "unknown")

    def test_who_and_why_are_stored_with_each_event(self) -> None:
        meta = Meta(actor="member-1", command="cmd-1", correlation="a/1", causation="a/2")
        event = msgspec.structs.replace(a_confirmation(), meta=meta)
        mapper = EventMapper(FixedKeyring())
        assert mapper.to_domain_event(mapper.to_stored_event(event)).meta == meta

    def test_a_frozen_clock_can_be_stored(self) -> None:
        with freeze_time("2026-11-25 07:00:00"):
            now = datetime.now(UTC)
            event = Appointment.CandidatesAdded(
                originator_id=STREAM,
                originator_version=2,
                at=now,
                candidates=(Candidate("c3", now, now + timedelta(hours=1)),),
            )
            state = EventMapper(FixedKeyring()).to_stored_event(event).state
        assert b"2026-11-25T07:00:00Z" in state


class TestInTheStore:
    def test_a_destroyed_key_erases_every_event_of_the_appointment(
        self, office: Office, services: Services
    ) -> None:
        appointment = office.propose(title="山田様との打合せ")
        services.keyring.destroy(appointment.id, NOW)
        read = services.coordination.appointment(appointment.id)
        assert read.guest == Guest(name=ERASED)
        assert (read.title, read.message) == (ERASED, "")
        assert len(read.candidates) == 2

    def test_a_destroyed_key_is_never_made_again(self, office: Office, services: Services) -> None:
        appointment = office.propose()
        services.keyring.destroy(appointment.id, NOW)
        with pytest.raises(Erased):
            office.app.confirm(appointment.id, "c1", YAMADA, BY, NOW)
        assert office.app.cancel(appointment.id, "", BY, NOW).state is State.CANCELLED

    def test_keys_that_are_expected_are_read_together(self, office: Office, services: Services) -> None:
        gone, *left = [office.propose().id for _ in range(3)]
        services.keyring.destroy(gone, NOW)
        single = [services.keyring.key(id) for id in left]
        asked = StoredKeyring(services.rows, Sealer([SECRET], PERSONAL_DATA))
        asked.expect({gone, *left, "appointment-unknown"})
        with services.rows.write() as connection:
            connection.execute(keys.delete())
        assert [asked.key(id) for id in (gone, *left)] == [None, *single]
        assert None not in single

    def test_no_table_of_events_shows_a_guest(self, office: Office) -> None:
        appointment = office.propose(title="極秘の件名", message="伝言", note="内部メモ")
        office.app.confirm(appointment.id, "c1", YAMADA, BY, NOW)
        for notification in office.app.recorder.select_notifications(None, 1000):
            text = notification.state.decode()
            assert not [word for word in ("山田", "ABC株", "yamada", "極秘", "伝言", "内部") if word in text]


def make_sample(event: Event) -> str:
    """A line for the file of samples; run by hand when an event is added or changes its shape."""
    kept = EventMapper(FixedKeyring()).to_stored_event(event)
    return json.dumps(
        {
            "name": event.NAME,
            "shape": event.VERSION,
            "version": event.originator_version,
            "state": base64.b64encode(kept.state).decode(),
            "means": json.loads(msgspec.json.encode(event)),
        },
        ensure_ascii=False,
    )


def test_a_title_that_looks_like_our_own_mark_is_a_title(office: Office) -> None:
    assert office.app.appointment(office.propose(title="$sealed").id).title == "$sealed"


def test_the_page_about_events_names_each_with_its_fields() -> None:
    page = (Path(__file__).parents[2] / "docs" / "events.md").read_text("utf-8")
    parts = re.split(r"^### (`.+) \(v(\d+)\)$", page, flags=re.MULTILINE)
    told: dict[tuple[str, int], set[tuple[str, bool]]] = {}
    for names, version, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        rows = re.findall(r"^\| (`\w+`(?:, `\w+`)*) \|.*\| (yes)? ?\|$", text, re.MULTILINE)
        fields = {(f, yes == "yes") for names_, yes in rows for f in re.findall(r"`(\w+)`", names_)}
        told |= {(name, int(version)): fields for name in re.findall(r"`([\w.-]+)`", names)}
    own = set(Event.__struct_fields__)
    for name, event in EVENTS.items():
        fields = {(f, f in personal_fields(event)) for f in event.__struct_fields__ if f not in own}
        like = (f"member.{name.partition('.')[2]}", event.VERSION)
        assert told[name, event.VERSION] == fields or told[like] == fields, name
