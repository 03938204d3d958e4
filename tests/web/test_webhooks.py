"""What Zoom tells us by itself: signed over the bytes that came, fresh, once, and never believed alone."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from chouseiapo.accounts.vault import Grant
from chouseiapo.accounts.zoom_organization import PROVIDER as ZOOM_ORGANIZATION
from chouseiapo.bootstrap import build
from chouseiapo.config import Settings, read_settings
from chouseiapo.domain.ids import link_id
from chouseiapo.domain.links import Leaving, Provider
from chouseiapo.domain.organization import ORGANIZATION
from chouseiapo.forgetting import Forgetting
from chouseiapo.mail import LinkRule
from chouseiapo.ports import PortError
from chouseiapo.sandbox import Sandbox
from chouseiapo.storage import upsert
from chouseiapo.tables import issued_meetings, notices, tasks
from chouseiapo.web import limits
from projections.mail_log import latest_mails
from tests.product import BY, NOW
from tests.web.api import StandingClock
from tests.web.desk import Company

SAMPLES = json.loads(
    (Path(__file__).parents[1] / "samples" / "zoom_webhooks.json").read_text(encoding="utf-8")
)
SECRET = SAMPLES["secret"]
VECTORS = {each["name"]: each for each in SAMPLES["vectors"]}
OF_A_MEETING = ["a number for an id", "a string for an id", "spaces and escapes"]
MEETING = "85746065432"
CLIENT = "our-zoom-app"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, zoom_webhook_secret=SECRET, zoom_client_id=CLIENT)


@pytest.fixture
def zoom(company: Company) -> Zoom:
    return Zoom(company)


class Zoom:
    """Zoom's sender, and what the product makes of what it hears."""

    def __init__(self, company: Company) -> None:
        self.company, self.http = company, company.app.test_client()
        self.services, self.rows = company.services, company.services.rows
        self.link = company.office.zoom[company.office.tanaka]

    def post(self, body: str | bytes, signature: str, timestamp: str, address: str = "198.51.100.7") -> Any:
        headers = {"x-zm-signature": signature, "x-zm-request-timestamp": timestamp}
        return self.http.post(
            "/webhooks/zoom",
            data=body,
            headers=headers,
            content_type="application/json",
            environ_base={"REMOTE_ADDR": address},
        )

    def send(self, name: str, **changes: Any) -> Any:
        """One of the vectors, as it stands or changed."""
        sent = VECTORS[name] | changes
        return self.post(sent["body"], sent["signature"], sent["timestamp"])

    def tell(self, event: str, told_at: float | None = None, **payload: Any) -> Any:
        """Anything else, signed now."""
        stamp = str(int(self.company.clock.now.timestamp()))
        at = self.company.clock.now.timestamp() if told_at is None else told_at
        body = json.dumps({"event": event, "event_ts": int(at * 1000), "payload": payload}).encode()
        mac = hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
        return self.post(body, f"v0={mac}", stamp)

    def hosts(self, meeting_id: str = MEETING) -> str:
        """A meeting of ours with that id; answers its appointment."""
        appointment = self.company.propose()
        row = {"key": f"{appointment.id}/1", "appointment": appointment.id, "generation": 1}
        row |= {"link": self.link, "meeting_id": meeting_id, "fingerprint": "x", "look": 0}
        with self.rows.write() as connection:
            upsert(connection, issued_meetings, [row])
        return appointment.id

    @property
    def looked_at(self) -> list[str]:
        """Which appointments' meetings are to be read directly."""
        with self.rows.read() as connection:
            marked = select(issued_meetings.c.appointment).where(issued_meetings.c.look > 0)
            return list(connection.scalars(marked))

    def due(self, appointment: str) -> bool:
        with self.rows.read() as connection:
            found = select(tasks.c.lane).where(tasks.c.ledger == "meetings", tasks.c.key == appointment)
            return connection.scalar(found) == self.link


@pytest.mark.parametrize("name", OF_A_MEETING)
def test_a_meeting_that_is_said_to_have_changed_is_read_directly(zoom: Zoom, name: str) -> None:
    appointment, other = zoom.hosts(), zoom.hosts("85746065433")
    assert zoom.send(name).status_code == 200
    assert zoom.looked_at == [appointment]
    assert zoom.due(appointment)
    assert not zoom.due(other)
    assert zoom.company.appointment(appointment).meeting is None, "nothing follows from the word alone"


def test_what_is_told_again_is_no_news(zoom: Zoom) -> None:
    zoom.hosts()
    zoom.send(OF_A_MEETING[0])
    with zoom.rows.write() as connection:
        connection.execute(issued_meetings.update().values(look=0))
    assert zoom.send(OF_A_MEETING[0]).status_code == 200
    assert zoom.looked_at == []


def test_what_was_told_is_forgotten_after_a_day(zoom: Zoom) -> None:
    zoom.send(OF_A_MEETING[0])
    for later, kept in ((timedelta(hours=23), 1), (timedelta(days=1), 0)):
        zoom.company.clock.now = NOW + later
        Forgetting(zoom.services).once()
        with zoom.rows.read() as connection:
            assert len(connection.execute(select(notices)).all()) == kept


def test_what_failed_half_way_is_heeded_when_it_comes_again(
    zoom: Zoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    appointment = zoom.hosts()

    def fail(_: str) -> None:
        raise ArithmeticError

    monkeypatch.setattr(zoom.services.meetings, "manager", fail)
    assert zoom.send(OF_A_MEETING[0]).status_code == 500
    monkeypatch.undo()
    assert zoom.send(OF_A_MEETING[0]).status_code == 200
    assert zoom.looked_at == [appointment]


def test_what_is_unknown_is_taken_and_nothing_follows(zoom: Zoom) -> None:
    zoom.hosts()
    assert zoom.send("an unknown event").status_code == 200
    assert zoom.tell("meeting.updated", object={"id": 1}).status_code == 200
    assert zoom.tell("meeting.updated", object="what?").status_code == 200
    assert zoom.tell("meeting.deleted").status_code == 200
    assert zoom.looked_at == []


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("a number for an id", {"signature": "v0=" + "0" * 64}),
        ("a number for an id", {"signature": ""}),
        ("a number for an id", {"signature": "v0=é"}),
        ("a number for an id", {"signature": VECTORS["a string for an id"]["signature"]}),
        ("a number for an id", {"signature": VECTORS["a number for an id"]["signature"].removeprefix("v0=")}),
        ("a number for an id", {"timestamp": "1795219201"}),
        ("a number for an id", {"timestamp": ""}),
        # The same object, written anew: no longer what was signed.
        ("spaces and escapes", {"body": json.dumps(json.loads(VECTORS["spaces and escapes"]["body"]))}),
        ("a string for an id", {"body": VECTORS["a string for an id"]["body"] + " "}),
    ],
    ids=lambda value: str(value)[:40],
)
def test_without_its_signature_nothing_is_believed(zoom: Zoom, name: str, change: dict[str, str]) -> None:
    zoom.hosts()
    assert zoom.send(name, **change).status_code == 401
    assert zoom.looked_at == []


@pytest.mark.parametrize(
    ("seconds", "status"), [(300, 200), (301, 401), (-300, 200), (-301, 401), (3600, 401)]
)
def test_what_was_signed_long_ago_is_refused(zoom: Zoom, seconds: int, status: int) -> None:
    zoom.company.clock.now = NOW + timedelta(seconds=seconds)
    assert zoom.send("a number for an id").status_code == status


def test_zoom_s_question_whether_we_know_the_secret_is_answered(zoom: Zoom) -> None:
    answer = zoom.send("a validation")
    assert answer.status_code == 200
    assert answer.get_json() == {
        "plainToken": "qgg8vlvZRS6UYooatFL8Aw",
        "encryptedToken": VECTORS["a validation"]["encryptedToken"],
    }
    assert zoom.send("a validation").get_json() == answer.get_json(), "every 72 hours"


def test_nobody_else_gets_a_signature_of_ours(zoom: Zoom) -> None:
    forged = VECTORS["a validation"]["body"].replace("qgg8vlvZRS6UYooatFL8Aw", "v0:1795219200:{}")
    answer = zoom.send("a validation", body=forged)
    assert (answer.status_code, "encryptedToken" in answer.get_data(as_text=True)) == (401, False)


def test_who_fails_often_is_held_off_and_zoom_is_not(zoom: Zoom) -> None:
    wrong = VECTORS["a number for an id"] | {"signature": "v0=0"}
    failing = (wrong["body"], wrong["signature"], wrong["timestamp"])
    answers = [zoom.post(*failing).status_code for _ in range(31)]
    assert answers == [401] * 30 + [429]
    assert zoom.send("a number for an id").status_code == 200
    assert zoom.post(*failing, "198.51.100.8").status_code == 401


def test_too_much_is_refused_unread(zoom: Zoom) -> None:
    assert zoom.post(b"x" * (256 * 1024 + 1), "v0=0", "1795219200").status_code == 413


@pytest.mark.parametrize("body", [b"no json", b"[1]", b'"x"', b""])
def test_what_is_signed_and_no_object_is_a_bad_request(zoom: Zoom, body: bytes) -> None:
    stamp = "1795219200"
    mac = hmac.new(SECRET.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    assert zoom.post(body, f"v0={mac}", stamp).status_code == 400


def test_it_is_answered_long_before_zoom_gives_up(zoom: Zoom) -> None:
    zoom.hosts()
    began = time.monotonic()
    zoom.send(OF_A_MEETING[0])
    assert time.monotonic() - began < 1


def test_without_a_secret_there_is_no_such_address(settings: Settings) -> None:
    limits.forget_all()
    services = build(replace(settings, zoom_webhook_secret=""), StandingClock())
    try:
        assert Zoom(Company(services, StandingClock())).send("a validation").status_code == 404
    finally:
        services.close()


class TestDeauthorization:
    """The account's owner has removed our app in Zoom's marketplace: the tokens tell whether that is so."""

    @pytest.fixture
    def settings(self, settings: Settings, consents: Sandbox) -> Settings:
        """With Zoom there to be asked."""
        at_zoom = read_settings({k: v for k, v in consents.env.items() if k.startswith("CHOUSEIAPO_")})
        named = ("zoom_client_id", "zoom_client_secret", "zoom_oauth_root", "zoom_api_root")
        return replace(settings, **{name: getattr(at_zoom, name) for name in named})

    @pytest.fixture
    def link(self, zoom: Zoom, consents: Sandbox) -> str:
        """Tanaka's account, with tokens."""
        return self.consent(zoom, consents)

    def consent(self, zoom: Zoom, vendors: Sandbox) -> str:
        token = vendors.grant("zoom", "tanaka@example.com")
        return zoom.services.link("tanaka@example.com", Provider.ZOOM, token, BY)

    def held(self, zoom: Zoom) -> set[str]:
        return {held.link for held in zoom.services.vault.held()}

    def tell(self, zoom: Zoom, vendors: Sandbox, **more: Any) -> int:
        user = vendors.world.zoom.user("tanaka@example.com").id
        said = {"user_id": user, "client_id": zoom.services.settings.zoom_client_id, "account_id": "A"}
        return int(zoom.tell("app_deauthorized", **(said | more)).status_code)

    def test_unlinks_here_and_destroys_the_tokens_at_once(
        self, zoom: Zoom, link: str, consents: Sandbox
    ) -> None:
        zoom.services.vault.access_token(link)
        consents.remove_zoom_app("tanaka@example.com", silent=True)
        assert self.tell(zoom, consents) == 200
        tanaka = zoom.services.coordination.member(zoom.company.office.tanaka)
        assert (tanaka.zoom, tanaka.left[link]) == (None, Leaving.KEEP)
        assert self.held(zoom) == set()
        zoom.company.read()
        told = [
            logged.mail for logged in latest_mails(zoom.rows) if logged.mail.rule == LinkRule.DEAUTHORIZED
        ]
        assert [mail.recipient for mail in told] == [zoom.company.office.tanaka]
        text = zoom.services.composer.compose(told[0], NOW).get_body(("plain",))
        assert text is not None
        assert "tanaka@example.com" in text.get_content()

    def test_of_somebody_else_s_app_or_account_concerns_nobody(
        self, zoom: Zoom, link: str, consents: Sandbox
    ) -> None:
        consents.remove_zoom_app("tanaka@example.com", silent=True)
        assert self.tell(zoom, consents, client_id="another") == 200
        assert self.tell(zoom, consents, user_id="unknown") == 200
        assert zoom.services.coordination.is_linked(link)
        assert self.held(zoom) == {link}

    def test_that_comes_after_a_new_consent_is_no_news(
        self, zoom: Zoom, link: str, consents: Sandbox
    ) -> None:
        """Linked anew with nothing changed: no event tells of that."""
        consents.remove_zoom_app("tanaka@example.com", silent=True)
        assert self.consent(zoom, consents) == link
        zoom.company.clock.now = NOW + timedelta(minutes=1)
        assert self.tell(zoom, consents) == 200
        assert zoom.services.coordination.is_linked(link)
        assert zoom.services.vault.access_token(link)

    def test_that_nobody_can_verify_is_to_be_told_again(
        self, zoom: Zoom, link: str, consents: Sandbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def down(_: Grant) -> Grant:
            raise PortError("unreachable")

        consents.remove_zoom_app("tanaka@example.com", silent=True)
        monkeypatch.setattr(zoom.services.accounts["zoom"], "refresh", down)
        assert self.tell(zoom, consents) == 503
        assert zoom.services.coordination.is_linked(link)
        monkeypatch.undo()
        monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
        assert self.tell(zoom, consents) == 200
        assert not zoom.services.coordination.is_linked(link)

    def test_leaves_the_organization_s_own_host_alone(self, zoom: Zoom, consents: Sandbox) -> None:
        app, user = zoom.services.coordination, "user-1"
        app.link_account(ORGANIZATION, Provider.ZOOM, user, "host@example.com", BY, NOW)
        host = link_id(Provider.ZOOM, ORGANIZATION, user)
        zoom.services.vault.store(host, ORGANIZATION, ZOOM_ORGANIZATION, Grant("", state=user))
        assert self.tell(zoom, consents, user_id=user) == 200
        assert app.is_linked(host)
        assert self.held(zoom) == {host}
