"""Settings: read once from the environment, checked all together, frozen."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import time
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo, available_timezones

PREFIX = "CHOUSEIAPO_"
LEAST_SECRET = 32
LARGEST_PORT = 65535


class SettingsError(Exception):
    """What is wrong with the environment: every problem, a line each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Each field is the environment variable CHOUSEIAPO_<NAME>, or the content of the file <NAME>_FILE."""

    database_url: str = "sqlite:///chouseiapo.db"
    base_url: str = "http://127.0.0.1:8000"
    host: str = "127.0.0.1"
    port: int = 8000
    secret_key: tuple[str, ...] = field(default=(), repr=False)
    time_zone: str = "Asia/Tokyo"
    locale: str = "ja"
    company: str = ""
    grid_minutes: int = 30
    business_hours: tuple[time, time] = (time(9), time(18))
    reminder_at: time = time(7)
    meeting_wait_s: int = 60
    live_check: str = "refuse"
    live_check_s: float = 2.0
    foreign_over_candidate: str = "keep"
    watch_every_s: int = 60
    hand_grace_s: int = 120
    smtp_url: str = field(default="", repr=False)
    mail_from: str = "no-reply@localhost.localdomain"
    mail_templates: Path | None = None
    ca_file: Path | None = None
    trusted_proxy: str = ""
    google_client_id: str = ""
    google_client_secret: str = field(default="", repr=False)
    google_api_root: str = "https://www.googleapis.com"
    google_auth_url: str = "https://accounts.google.com/o/oauth2/v2/auth"
    google_token_url: str = "https://oauth2.googleapis.com/token"
    microsoft_client_id: str = ""
    microsoft_client_secret: str = field(default="", repr=False)
    microsoft_authority: str = "https://login.microsoftonline.com/organizations"
    graph_root: str = "https://graph.microsoft.com/v1.0"
    zoom_client_id: str = ""
    zoom_client_secret: str = field(default="", repr=False)
    zoom_oauth_root: str = "https://zoom.us/oauth"
    zoom_api_root: str = "https://api.zoom.us/v2"
    zoom_webhook_secret: str = field(default="", repr=False)
    zoom_account_id: str = ""
    zoom_s2s_client_id: str = ""
    zoom_s2s_client_secret: str = field(default="", repr=False)
    caldav_hosts: tuple[str, ...] = ()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def secure(self) -> bool:
        """Whether people reach the product over TLS, so that cookies may insist on it."""
        return self.base_url.startswith("https://")


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Settings from the environment; raises SettingsError that names every problem at once."""
    values: dict[str, Any] = {}
    problems: list[str] = []
    for setting in fields(Settings):
        name = PREFIX + setting.name.upper()
        try:
            text = _text_of(environ, name)
            if text is not None:
                values[setting.name] = _READERS.get(setting.name, str)(text)
        except (ValueError, OSError) as error:
            problems.append(f"{name}: {error}")
    known = {PREFIX + f.name.upper() for f in fields(Settings)} | _ELSEWHERE
    for name in environ:
        if name.startswith(PREFIX) and not {name, name.removesuffix("_FILE")} & known:
            problems.append(f"{name}: no such setting")
    if problems:
        raise SettingsError(problems)
    return Settings(**values)


# Read by the tests and by CI, not by the product.
_ELSEWHERE = {
    PREFIX + name
    for name in (
        *("AT_ONCE", "CALDAV_SERVER", "CHROMIUM", "CONTRACTS"),
        *("KILLS", "SEED", "SHOTS", "SOAK", "STORM"),
    )
}


def _text_of(environ: Mapping[str, str], name: str) -> str | None:
    if path := environ.get(f"{name}_FILE"):
        if name in environ:
            raise ValueError(f"set this or {name}_FILE, not both")
        return Path(path).read_text(encoding="utf-8").strip()
    return environ.get(name)


def _database_url(text: str) -> str:
    if not text.startswith(("sqlite:///", "postgresql://", "postgres://")):
        raise ValueError("expected sqlite:///path or postgresql://user@host/name")
    if text == "sqlite:///" or ":memory:" in text:
        raise ValueError("SQLite needs a file that several processes can open")
    return text.replace("postgres://", "postgresql://", 1)


def _web_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
        raise ValueError("expected an address that starts with http:// or https://")
    return text.rstrip("/")


def _secret_keys(text: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    if not found or any(len(key) < LEAST_SECRET for key in found):
        raise ValueError(f"each key needs {LEAST_SECRET} characters or more (openssl rand -hex 32)")
    return found


def _hosts(text: str) -> tuple[str, ...]:
    found = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    if not all(re.fullmatch(r"\*|[\w.-]+(:\d+)?|[0-9a-f]*(:[0-9a-f]*)+", host) for host in found):
        raise ValueError("expected hosts such as calendar.internal or 10.0.0.5:5232, or * for any")
    return found


def _zone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError("expected an IANA time zone such as Asia/Tokyo")
    return text


def _locale(text: str) -> str:
    if text not in ("ja", "en"):
        raise ValueError("expected ja or en")
    return text


def _grid(text: str) -> int:
    if text not in ("5", "10", "15", "20", "30", "60"):
        raise ValueError("expected 5, 10, 15, 20, 30 or 60")
    return int(text)


def _clock(text: str) -> time:
    try:
        found = time.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None:
        raise ValueError("expected a time of day such as 07:00, without an offset")
    return found


def _hours(text: str) -> tuple[time, time]:
    start, dash, end = text.partition("-")
    opens, closes = _clock(start), _clock(end)
    if not dash or closes <= opens:
        raise ValueError("expected hours such as 09:00-18:00")
    return opens, closes


def _number(text: str) -> int:
    if not text.isdigit():
        raise ValueError("expected a whole number")
    return int(text)


def _one_of(*words: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in words:
            raise ValueError(f"expected {', '.join(words[:-1])} or {words[-1]}")
        return text

    return read


def _at_least(least: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if (number := _number(text)) < least:
            raise ValueError(f"expected {least} or more")
        return number

    return read


def _seconds(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = 0
    if not 0 < found <= 10:
        raise ValueError("expected seconds: more than 0, at most 10")
    return found


def port_number(text: str) -> int:
    """A port to listen on; raises ValueError."""
    port = _number(text)
    if port > LARGEST_PORT:
        raise ValueError(f"expected a port: 1 to {LARGEST_PORT}, or 0 for any that is free")
    return port


def _smtp_url(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in ("smtp", "smtps", "smtp+starttls") or not parts.hostname):
        raise ValueError("expected smtp://, smtps:// or smtp+starttls:// with user:password@host:port")
    if not (unquote(parts.username or "") + unquote(parts.password or "")).isascii():
        raise ValueError("expected a user and a password of ASCII characters: SMTP knows no others")
    if parts.port == 0:  # asking for one that is no port at all raises ValueError
        raise ValueError("expected a port that a server listens on")
    return text


def _sender(text: str) -> str:
    name, address = parseaddr(text)
    if not re.fullmatch(r"[^@\s<>,;]+@[^@\s<>,;]+", address) or not (name + text).isprintable():
        raise ValueError("expected an address, or name <address>")
    return text


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise ValueError("no such folder")
    return Path(text)


def _file(text: str) -> Path:
    if not Path(text).is_file():
        raise ValueError("no such file")
    return Path(text)


_READERS: dict[str, Callable[[str], Any]] = {
    "database_url": _database_url,
    "base_url": _web_url,
    "port": port_number,
    "secret_key": _secret_keys,
    "time_zone": _zone,
    "locale": _locale,
    "grid_minutes": _grid,
    "business_hours": _hours,
    "reminder_at": _clock,
    "meeting_wait_s": _number,
    "live_check": _one_of("refuse", "warn", "off"),
    "live_check_s": _seconds,
    "foreign_over_candidate": _one_of("keep", "take"),
    "watch_every_s": _at_least(1),
    "hand_grace_s": _number,
    "smtp_url": _smtp_url,
    "mail_from": _sender,
    "mail_templates": _folder,
    "ca_file": _file,
    "google_api_root": _web_url,
    "google_auth_url": _web_url,
    "google_token_url": _web_url,
    "microsoft_authority": _web_url,
    "graph_root": _web_url,
    "zoom_oauth_root": _web_url,
    "zoom_api_root": _web_url,
    "caldav_hosts": _hosts,
}
