"""A calendar on a real CalDAV server, behind a proxy that may lose what passes."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import fromstring
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar, Event

from chouseiapo.accounts.caldav import credentials
from chouseiapo.accounts.vault import Grant, Vault
from chouseiapo.adapters.caldav import CaldavCalendar
from chouseiapo.config import Settings
from tests.adapters.homes import LinkedHome, Seen, numbers
from tests.adapters.proxy import Fault, Passed, Proxy
from tests.radicale import CalDavServer, Said

DAV, CALDAV = "{DAV:}", "{urn:ietf:params:xml:ns:caldav}"
ALL = """<C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">
<prop><C:calendar-data/></prop><C:filter><C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>"""
PASSWORD = '通る-password: "1"'

foreign = itertools.count(1)


def known_as(*addresses: str) -> Callable[[str], str]:
    """Answers in which the account has these addresses."""
    hrefs = "".join(f'<href xmlns="DAV:">{address}</href>' for address in addresses)
    told = re.compile(r"<((\w+:)?calendar-user-address-set)(>.*?</\1>| ?/>)", re.S)
    return lambda said: told.sub(rf"<\1>{hrefs}</\1>", said)


class CalDavHome(LinkedHome):
    """Somebody's account: one calendar at first, linked."""

    calendar: CaldavCalendar

    def __init__(self, server: CalDavServer, settings: Settings, vault: Vault) -> None:
        number = next(numbers)
        self.server = server
        self.vault = vault
        self.link = f"caldav-{number}"
        self.email = f"person{number}@example.com"
        self.place = server.add_person(self.email, PASSWORD)
        self.own = self.add_calendar("仕事")
        self.proxy = Proxy(server.port)
        self.grant()
        self.calendar = CaldavCalendar(settings, vault, lambda: datetime.now(UTC))
        vault.access_token(self.link)
        self.requests()

    def close(self) -> None:
        self.calendar.close()
        self.proxy.close()

    def grant(self, password: str = PASSWORD, address: str = "") -> None:
        token = credentials(address or self.proxy.url + self.own, self.email, password)
        self.vault.store(self.link, "member-1", "caldav", Grant(token))

    def need_passwords(self) -> None:
        if not self.server.has_passwords:
            pytest.skip("this server knows neither passwords nor an end of tokens")

    # By hand

    def ask(self, method: str, path: str, body: str = "", **headers: str) -> Said:
        return self.server.ask(method, path, body, headers, self.email, PASSWORD)

    def text(self, path: str) -> str:
        said = self.ask("GET", path)
        assert said.status == 200, said
        return re.sub(r"\r?\n[ \t]", "", said.text)

    def write(self, path: str, text: str) -> str:
        """Whatever stands there is replaced."""
        said = self.ask("PUT", path, text, **{"Content-Type": "text/calendar; charset=utf-8"})
        assert said.status in (200, 201, 204), said
        return path

    def edit_by_hand(self, path: str, **properties: Any) -> None:
        """As a client does that knows what it must keep."""
        calendar: Any = Calendar.from_ical(self.ask("GET", path).text)
        [event] = calendar.walk("VEVENT")
        for name, value in properties.items():
            event.pop(name, None)
            if value is not None:
                event.add(name, value)
        self.write(path, calendar.to_ical().decode())

    def delete_by_hand(self, id: str, calendar: str = "") -> None:
        assert self.ask("DELETE", id).status in (200, 204)

    def move_by_hand(self, id: str, start: datetime, end: datetime, calendar: str = "") -> None:
        self.edit_by_hand(id, dtstart=start, dtend=end)

    def add_foreign(
        self, title: str, start: datetime, end: datetime, calendar: str = "", *, tentative: bool = False
    ) -> str:
        status = "TENTATIVE" if tentative else "CONFIRMED"
        return self.add(calendar, summary=title, dtstart=start, dtend=end, status=status)

    def add_day(self, title: str, first: date, after: date, calendar: str = "") -> str:
        return self.add(calendar, summary=title, dtstart=first, dtend=after)

    def add_free(self, title: str, start: datetime, end: datetime) -> str:
        return self.add("", summary=title, dtstart=start, dtend=end, transp="TRANSPARENT")

    def add(self, calendar: str = "", **properties: Any) -> str:
        """Somebody else's event."""
        made, event, uid = Calendar(), Event(), f"foreign-{next(foreign)}"
        made.add("prodid", "-//somebody//EN")
        made.add("version", "2.0")
        for name, value in {"uid": uid, "dtstamp": datetime.now(UTC), **properties}.items():
            event.add(name, value)
        made.add_component(event)
        return self.write(f"{calendar or self.own}{uid}.ics", made.to_ical().decode())

    def add_calendar(self, name: str, kind: str = "VEVENT") -> str:
        path = f"{self.place}calendar{next(numbers):06}/"
        self.server.add_calendar(path, name, self.email, PASSWORD, kind)
        return path

    def forget_tokens(self) -> None:
        """A token is known to Radicale as long as nothing happens; to xandikos, for ever."""
        self.need_passwords()
        self.server.forget_tokens(self.email)
        self.add_foreign("遠い日", datetime(2038, 1, 1, tzinfo=UTC), datetime(2038, 1, 2, tzinfo=UTC))

    # What can be seen

    def seen(self, calendar: str = "") -> list[Seen]:
        said = self.ask("REPORT", calendar or self.own, ALL, Depth="1")
        assert said.status == 207, said
        return sorted(_seen(said.text), key=lambda seen: (seen.start, seen.id))

    def requests(self) -> list[Passed]:
        """What has passed since this was last asked."""
        passed, self.proxy.passed = self.proxy.passed, []
        return passed

    def fault(self, kind: str, **more: Any) -> None:
        self.proxy.faults.append(Fault(kind, **more))

    def calm(self) -> None:
        self.proxy.faults = []


def _seen(multistatus: str) -> Iterator[Seen]:
    for found in fromstring(multistatus).iter(f"{DAV}response"):  # noqa: S314 - the tests' own server
        href, text = found.findtext(f"{DAV}href"), found.findtext(f".//{CALDAV}calendar-data")
        assert href
        assert text
        calendar: Any = Calendar.from_ical(text)
        for event in calendar.walk("VEVENT"):
            assert "ATTENDEE" not in event or "X-CHOUSEIAPO-APPOINTMENT" not in event
            yield _as_seen(unquote(urlsplit(href).path), event)


def _as_seen(path: str, event: Any) -> Seen:
    return Seen(
        path,
        str(event.get("SUMMARY", "")),
        str(event.get("DESCRIPTION", "")),
        _instant(event.start),
        _instant(event.end),
        str(event.get("STATUS", "CONFIRMED")) != "TENTATIVE",
        str(event.get("CLASS", "default")).lower(),
        str(event["X-CHOUSEIAPO-APPOINTMENT"]) if "X-CHOUSEIAPO-APPOINTMENT" in event else None,
        str(event["X-CHOUSEIAPO-CANDIDATE"]) if "X-CHOUSEIAPO-CANDIDATE" in event else None,
    )


def _instant(at: Any) -> datetime:
    if isinstance(at, datetime):
        return at.astimezone(UTC)
    return datetime(at.year, at.month, at.day, tzinfo=ZoneInfo("Asia/Tokyo")).astimezone(UTC)
