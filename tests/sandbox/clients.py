"""The vendors' real clients, pointed at the sandbox; bare HTTP where a client lets no mistake through."""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.resources import files
from typing import Any

import httplib2
import msal
import requests
from google.oauth2.credentials import Credentials
from google_auth_httplib2 import AuthorizedHttp
from googleapiclient import discovery

from chouseiapo.sandbox import Sandbox

START, END = "2026-11-25T10:00:00+09:00", "2026-11-25T11:00:00+09:00"
AUTH = "https://www.googleapis.com/auth/"
GUID = "6f8f3d1e-3c1b-4d68-8f57-9c7a2f1f0c11"
IMMUTABLE = 'IdType="ImmutableId"'
SHARED = ("openid", "profile", "offline_access", "User.Read", "Calendars.ReadWrite.Shared")
"""What a link to a room's mailbox asks for at Microsoft."""

Json = dict[str, Any]


def session() -> requests.Session:
    """Nothing of the machine's environment: no proxy, no other certificates."""
    made = requests.Session()
    made.trust_env = False
    return made


class Mailbox:
    """One person of the sandbox with a live access token, over bare HTTP."""

    service = ""
    root = ""

    def __init__(self, sandbox: Sandbox, email: str, scopes: Iterable[str] | None = None) -> None:
        """`scopes`: of the consent, where it is not the usual ones."""
        self.sandbox, self.email = sandbox, email
        self.env = {name.removeprefix("CHOUSEIAPO_"): value for name, value in sandbox.env.items()}
        self.http = session()
        self.refresh_token = sandbox.grant(self.service, email, scopes)
        self.sign_in()

    def sign_in(self) -> None:
        self.http.headers["Authorization"] = f"Bearer {self.token()}"

    def token(self) -> str:
        raise NotImplementedError

    def ask(self, method: str, path: str, body: object = None, **options: Any) -> requests.Response:
        return self.http.request(method, self.env[self.root] + path, json=body, timeout=10, **options)

    @property
    def state(self) -> list[Json]:
        """Its entries, as the sandbox shows them to everybody."""
        return self.standing(self.email)

    def standing(self, calendar: str) -> list[Json]:
        """The same of any calendar."""
        answer: Json = self.http.get(f"{self.sandbox.url}/state.json", timeout=10).json()
        entries: list[Json] = answer["calendars"][calendar]["entries"]
        return entries

    def by_hand(self, method: str, path: str, body: object = None) -> requests.Response:
        """The sandbox's own endpoints, as a test would call them."""
        return self.http.request(method, self.sandbox.url + path, json=body, timeout=10)

    def close(self) -> None:
        self.http.close()


class GoogleMailbox(Mailbox):
    service, root = "google", "GOOGLE_API_ROOT"
    events_path = "/calendar/v3/calendars/primary/events"

    def token(self) -> str:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": self.refresh_token,
            "client_id": self.env["GOOGLE_CLIENT_ID"],
            "client_secret": self.env["GOOGLE_CLIENT_SECRET"],
        }
        answer = self.http.post(self.env["GOOGLE_TOKEN_URL"], data=form, timeout=10)
        return str(answer.json()["access_token"])

    def credentials(self) -> Credentials:
        """Without an expiry: google-auth calls a token stale 225 s before its end, so one of 60 s always."""
        return Credentials(  # type: ignore[no-untyped-call]
            self.token(),
            refresh_token=self.refresh_token,
            token_uri=self.env["GOOGLE_TOKEN_URL"],
            client_id=self.env["GOOGLE_CLIENT_ID"],
            client_secret=self.env["GOOGLE_CLIENT_SECRET"],
        )

    def client(self) -> Any:
        """google-api-python-client; only a rewritten document moves its batches too."""
        document = json.loads(
            (files("googleapiclient") / "discovery_cache/documents/calendar.v3.json").read_text()
        )
        root = self.env["GOOGLE_API_ROOT"] + "/"
        document |= {"rootUrl": root, "baseUrl": root + document["servicePath"]}
        http = AuthorizedHttp(self.credentials(), http=httplib2.Http(timeout=5))
        return discovery.build_from_document(document, http=http)  # type: ignore[attr-defined]

    def insert(self, **fields: Any) -> requests.Response:
        return self.ask("POST", self.events_path, google_event(**fields))


class GraphMailbox(Mailbox):
    service, root = "microsoft", "GRAPH_ROOT"

    def msal(self) -> Any:
        http = session()
        http.verify = self.env["CA_FILE"]
        application = msal.ConfidentialClientApplication(
            self.env["MICROSOFT_CLIENT_ID"],
            client_credential=self.env["MICROSOFT_CLIENT_SECRET"],
            authority=self.env["MICROSOFT_AUTHORITY"],
            instance_discovery=False,
            http_client=http,
        )
        application.close = http.close
        return application

    def token(self) -> str:
        application = self.msal()
        answer = application.acquire_token_by_refresh_token(self.refresh_token, ["User.Read"])
        application.close()
        return str(answer["access_token"])

    def create(self, **fields: Any) -> requests.Response:
        return self.ask("POST", "/me/events", graph_event(**fields), headers={"Prefer": IMMUTABLE})


class ZoomMailbox(Mailbox):
    service, root = "zoom", "ZOOM_API_ROOT"

    def token(self) -> str:
        answer = self.refresh(self.refresh_token).json()
        self.refresh_token = answer["refresh_token"]
        return str(answer["access_token"])

    def refresh(self, token: str) -> requests.Response:
        return self.http.post(
            self.env["ZOOM_OAUTH_ROOT"] + "/token",
            data={"grant_type": "refresh_token", "refresh_token": token},
            auth=(self.env["ZOOM_CLIENT_ID"], self.env["ZOOM_CLIENT_SECRET"]),
            timeout=10,
        )

    def create(self, **fields: Any) -> requests.Response:
        return self.ask("POST", "/users/me/meetings", meeting(**fields))


class ZoomCompany:
    """The company's own app at Zoom (Server-to-Server OAuth), over bare HTTP."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.env = {name.removeprefix("CHOUSEIAPO_"): value for name, value in sandbox.env.items()}
        self.http = session()
        self.http.headers["Authorization"] = f"Bearer {self.token().json()['access_token']}"

    def token(self, **changes: str) -> requests.Response:
        form = {"grant_type": "account_credentials", "account_id": self.env["ZOOM_ACCOUNT_ID"]}
        secret = changes.pop("secret", self.env["ZOOM_S2S_CLIENT_SECRET"])
        return self.http.post(
            self.env["ZOOM_OAUTH_ROOT"] + "/token",
            data=form | changes,
            auth=(self.env["ZOOM_S2S_CLIENT_ID"], secret),
            timeout=10,
        )

    def ask(self, method: str, path: str, body: object = None, **options: Any) -> requests.Response:
        return self.http.request(method, self.env["ZOOM_API_ROOT"] + path, json=body, timeout=10, **options)

    def close(self) -> None:
        self.http.close()


def google_event(**fields: Any) -> Json:
    event = {"summary": "打ち合わせ", "start": {"dateTime": START}, "end": {"dateTime": END}}
    return {name: value for name, value in (event | fields).items() if value is not None}


def at(text: str) -> Json:
    """A time in Tokyo, in Google's form: 2026-11-25T10:00."""
    return {"dateTime": f"{text}:00+09:00"}


def graph_time(text: str, zone: str = "Tokyo Standard Time") -> Json:
    return {"dateTime": text, "timeZone": zone}


def graph_event(**fields: Any) -> Json:
    event: Json = {
        "subject": "打ち合わせ",
        "start": graph_time("2026-11-25T10:00:00"),
        "end": graph_time("2026-11-25T11:00:00"),
    }
    return {name: value for name, value in (event | fields).items() if value is not None}


def property_id(name: str) -> str:
    return f"String {{{GUID}}} Name {name}"


def tagged(**values: str) -> list[Json]:
    return [{"id": property_id(name), "value": value} for name, value in values.items()]


def meeting(**fields: Any) -> Json:
    made = {"topic": "打ち合わせ", "type": 2, "start_time": "2026-11-25T01:00:00Z", "duration": 60}
    return {name: value for name, value in (made | fields).items() if value is not None}


def reason(answer: requests.Response) -> str:
    """Google's word for what is wrong."""
    return str(answer.json()["error"]["errors"][0]["reason"])


def code(answer: requests.Response) -> str:
    """Graph's word for what is wrong."""
    return str(answer.json()["error"]["code"])
