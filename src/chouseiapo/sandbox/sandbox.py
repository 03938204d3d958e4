"""The sandbox as one thing: all servers, started and stopped together."""

from __future__ import annotations

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from chouseiapo.sandbox.app import create_app
from chouseiapo.sandbox.calendars import Calendar
from chouseiapo.sandbox.certificates import server_context
from chouseiapo.sandbox.control_zoom import change as change_user
from chouseiapo.sandbox.google import sign_in as google_sign_in
from chouseiapo.sandbox.google.api import ROOT as GOOGLE
from chouseiapo.sandbox.google.api import Google
from chouseiapo.sandbox.meetings import Meeting
from chouseiapo.sandbox.microsoft import sign_in as microsoft_sign_in
from chouseiapo.sandbox.microsoft.api import ROOT as GRAPH
from chouseiapo.sandbox.microsoft.api import Graph
from chouseiapo.sandbox.oauth import Client
from chouseiapo.sandbox.people import DEMO_PEOPLE, Person
from chouseiapo.sandbox.seed import seed_busy
from chouseiapo.sandbox.server import HOST, Server
from chouseiapo.sandbox.site import Consent, Site
from chouseiapo.sandbox.smtp import Mailbox
from chouseiapo.sandbox.store import Saver, load, restore
from chouseiapo.sandbox.times import utc_now
from chouseiapo.sandbox.world import World
from chouseiapo.sandbox.zoom import hand as zoom_hand
from chouseiapo.sandbox.zoom import sign_in as zoom_sign_in
from chouseiapo.sandbox.zoom.account import ACCOUNT, LICENSED, User
from chouseiapo.sandbox.zoom.api import ROOT as ZOOM
from chouseiapo.sandbox.zoom.api import Zoom

S = TypeVar("S", Server, Mailbox)
MAIL_FROM = "調整アポ <no-reply@example.com>"


class Sandbox:
    """Simulated Google Calendar, Microsoft Graph, Zoom and a mailbox, on loopback.

    With `data`, what they hold survives a restart, and so do addresses, clients and tokens where the ports
    are still free. `now` dates entries and mails; tokens live by the machine's clock, as with the vendors.
    """

    def __init__(
        self,
        port: int = 0,
        data: Path | None = None,
        *,
        token_life_s: int = 60,
        people: Sequence[Person] = DEMO_PEOPLE,
        now: Callable[[], datetime] = utc_now,
        on_morning: Callable[[], int] | None = None,
        product_url: str = "",
        links: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.world = World(people, now, token_life_s)
        self._port, self._data = port, data
        self._on_morning, self._product_url, self._links = on_morning, product_url, links

    def start(self) -> None:
        """Ready when it returns. OSError when `port` is asked for and taken."""
        with ExitStack() as undo:
            folder = self._folder(undo)
            saved = load(folder / "sandbox.json")
            if saved:
                restore(self.world, saved)
            self._secrets: dict[str, str] = _secrets() | saved.get("secrets", {})
            if not self.world.webhooks.subscription.secret:
                self.world.webhooks.subscribe({"secret": self._secrets["zoom_webhook"]})
            self._open(undo, saved.get("ports", {}), folder)
            self._undo = undo.pop_all()
        self._saver = Saver(self.world, folder / "sandbox.json", self._head) if self._data else None
        for part in (self._http, self._tls, self._smtp, self.world.webhooks, self._saver):
            if part:
                part.start()

    def _folder(self, undo: ExitStack) -> Path:
        if self._data:
            self._data.mkdir(parents=True, exist_ok=True)
            return self._data
        temporary = Path(tempfile.mkdtemp(prefix="chouseiapo-sandbox-"))
        undo.callback(shutil.rmtree, temporary, ignore_errors=True)
        return temporary

    def _open(self, undo: ExitStack, ports: Mapping[str, int], folder: Path) -> None:
        """Binds what has to be known before the application can be put together."""
        context, self._ca = server_context(folder)
        placeholder = Application()
        self._http = _bound(lambda port: Server(placeholder, port), self._port, ports.get("http", 0))
        undo.callback(self._http.stop)
        self._tls = _bound(lambda port: Server(placeholder, port, context), 0, ports.get("tls", 0))
        undo.callback(self._tls.stop)
        self._smtp = _bound(lambda port: Mailbox(self.world, port), 0, ports.get("smtp", 0))
        undo.callback(self._smtp.stop)
        self.url = f"http://{HOST}:{self._http.port}"
        self.inbox = f"{self.url}/inbox"
        self._site = self._make_site()
        placeholder.app = create_app(self._site)

    def stop(self) -> None:
        """Saves when there is `data`; leaves no thread and no socket behind."""
        self.world.closing.set()
        self._undo.close()
        self.world.webhooks.stop()
        if self._saver:
            self._saver.stop()

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def product_url(self) -> str:
        """Where the pages' link to the product leads; may be set at any time."""
        return self._product_url

    @product_url.setter
    def product_url(self, url: str) -> None:
        self._product_url = self._site.product_url = url

    @property
    def authority(self) -> str:
        return f"https://localhost:{self._tls.port}{microsoft_sign_in.ROOT}"

    @property
    def env(self) -> dict[str, str]:
        """The settings that point our product at the sandbox."""
        settings = {
            "GOOGLE_API_ROOT": f"{self.url}{GOOGLE}",
            "GOOGLE_AUTH_URL": f"{self.url}{google_sign_in.ROOT}/auth",
            "GOOGLE_TOKEN_URL": f"{self.url}{google_sign_in.ROOT}/token",
            "MICROSOFT_AUTHORITY": self.authority,
            "GRAPH_ROOT": f"{self.url}{GRAPH}",
            "ZOOM_OAUTH_ROOT": f"{self.url}{zoom_sign_in.ROOT}",
            "ZOOM_API_ROOT": f"{self.url}{ZOOM}",
            "ZOOM_WEBHOOK_SECRET": self._secrets["zoom_webhook"],
            "ZOOM_ACCOUNT_ID": ACCOUNT,
            "ZOOM_S2S_CLIENT_ID": self._client("zoom_s2s").id,
            "ZOOM_S2S_CLIENT_SECRET": self._client("zoom_s2s").secret,
            "SMTP_URL": f"smtp://{HOST}:{self._smtp.port}",
            "MAIL_FROM": MAIL_FROM,
            "CA_FILE": str(self._ca.resolve()),
        }
        for vendor in ("google", "microsoft", "zoom"):
            settings[f"{vendor.upper()}_CLIENT_ID"] = self._client(vendor).id
            settings[f"{vendor.upper()}_CLIENT_SECRET"] = self._client(vendor).secret
        prefixed = {f"CHOUSEIAPO_{name}": value for name, value in settings.items()}
        return prefixed | {"OAUTHLIB_INSECURE_TRANSPORT": "1"}

    def add_person(self, email: str, name: str, provider: str) -> Person:
        """One more mailbox; ValueError when it is none, or another provider's already."""
        return self.world.add(Person(email, name, provider))

    def add_calendar(
        self, email: str, name: str, access: str = "owner", id: str = "", *, hidden: bool = False
    ) -> Calendar:
        """A further calendar of that person, its `id` made up unless given; with the id of one that is there:
        shared with that person. `access`: owner, writer, reader, freeBusyReader; none takes it back."""
        return self.world.add_calendar(email, name, access, id, hidden=hidden)

    def add_room(self, name: str, provider: str, writers: Iterable[str] = (), id: str = "") -> Calendar:
        """At Google a resource calendar; at Microsoft a mailbox, its address the `id`, that may sign in."""
        return self.world.add_room(name, provider, writers, id)

    def show_busy(self, id: str, free_busy: str) -> Calendar:
        """Whether colleagues see when a calendar is busy: visible, as by default, or hidden."""
        return self.world.show_busy(id, free_busy)

    def expire_sync(self, id: str = "") -> None:
        """Sync tokens and delta links of that calendar, or of all, are answered with 410 from now on."""
        self.world.expire_sync(id)

    def grant(self, service: str, email: str, scopes: Iterable[str] | None = None) -> str:
        """A refresh token, as if the person had just consented. At Zoom that voids older tokens."""
        return self.world.consent(service, email, scopes)

    def revoke(self, service: str, email: str) -> None:
        """The person takes the consent back: refresh and access tokens die."""
        self.world.revoke(service, email)

    def expire(self, service: str, email: str) -> None:
        """Access tokens of that person run out now; refresh tokens still work."""
        self.world.tokens.expire(service, email)

    def add_zoom_user(
        self, email: str, name: str, type: int = LICENSED, status: str = "active", account: str = ACCOUNT
    ) -> User:
        """Somebody with Zoom and no mailbox. `type`: 1 Basic, 2 Licensed; `account`: the company's or another
        one. ValueError when the address is taken."""
        return self.world.zoom.add(User(email, name, type, status, account))

    def change_zoom_user(self, email: str, **wish: Any) -> User:
        """Any of name, type, status, account, locked, and settings by section (those not named stay)."""
        return change_user(self.world, email, wish)

    def approve_zoom_app(self, approval: str) -> None:
        """What the administrator says of our app: free, needed, requested or approved."""
        self.world.zoom.approve(approval)

    def remove_zoom_app(self, email: str, *, silent: bool = False) -> None:
        """That person removes our app on Zoom's side; `silent`: and the webhook gets lost."""
        zoom_hand.remove_app(self.world, email, silent=silent)

    def change_zoom_meeting(self, id: int, *, silent: bool = False, **wish: Any) -> Meeting:
        """The host changes start, duration, topic or passcode in Zoom itself."""
        return zoom_hand.change(self.world, id, silent=silent, **wish)

    def delete_zoom_meeting(self, id: int, *, silent: bool = False) -> None:
        zoom_hand.delete(self.world, id, silent=silent)

    def send_webhooks_to(self, url: str, **options: Any) -> None:
        """From now on; options as in `Subscription`: delivery, late_s, retry_s, timeout_s, secret."""
        self.world.webhooks.subscribe({"url": url, **options})

    def seed_busy(self, now: datetime) -> int:
        """Somebody else's entries for everyone, the same for the same date; how many there are."""
        return seed_busy(self.world, now)

    def _client(self, vendor: str) -> Client:
        return Client(f"sandbox-{vendor.replace('_', '-')}-client", self._secrets[vendor])

    def _head(self) -> dict[str, Any]:
        ports = {"http": self._http.port, "tls": self._tls.port, "smtp": self._smtp.port}
        return {"ports": ports, "secrets": self._secrets}

    def _make_site(self) -> Site:
        world = self.world
        page = f"{microsoft_sign_in.ROOT}/oauth2/v2.0/authorize"
        google = google_sign_in.GoogleSignIn(
            world, self._client("google"), f"{self.url}{google_sign_in.ROOT}"
        )
        microsoft = microsoft_sign_in.MicrosoftSignIn(
            world, self._client("microsoft"), f"{self.authority}/v2.0", f"{self.url}{page}"
        )
        zoom = zoom_sign_in.ZoomSignIn(
            world, self._client("zoom"), f"{self.url}{zoom_sign_in.ROOT}", self._client("zoom_s2s")
        )
        mounts = (
            (google_sign_in.ROOT, google),
            (microsoft_sign_in.ROOT, microsoft),
            (zoom_sign_in.ROOT, zoom),
            (GOOGLE, Google(world)),
            (GRAPH, Graph(world)),
            (ZOOM, Zoom(world)),
        )
        consents = (
            Consent(f"{google_sign_in.ROOT}/auth", google),
            Consent(page, microsoft),
            Consent(f"{zoom_sign_in.ROOT}/authorize", zoom),
        )
        return Site(world, mounts, consents, self._product_url, self._links, self._on_morning)


class Application:
    """A server has its port before the application that it serves can know the address."""

    app: Callable[..., Iterable[bytes]]

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        return self.app(environ, start_response)


def _bound(make: Callable[[int], S], asked: int, before: int) -> S:
    """On the port that is asked for; else on the one it had before, if that is free; else on any."""
    if asked or not before:
        return make(asked)
    try:
        return make(before)
    except OSError:
        return make(0)


def _secrets() -> dict[str, str]:
    names = ("google", "microsoft", "zoom", "zoom_s2s", "zoom_webhook")
    return {name: secrets.token_urlsafe(24) for name in names}
