"""The confirmed time as the guest takes it into a calendar of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from icalendar import Calendar, vRecur
from icalendar import Event as Component

from chouseiapo.invitation import time_zone_definition, zone_of


class Event(msgspec.Struct, frozen=True):
    """What the guest's calendar is to show; times are UTC, empty words are left out.

    `uid` is the one that mails use: an event that came both ways stands there once. `zone`: the
    organization's, in which it repeats by `rule` (an RRULE) but for `exdates`, and whose midnights start and
    end are if it lasts all day. `last` is the start of the last one.
    """

    uid: str
    title: str
    start: datetime
    end: datetime
    details: str
    place: str
    zone: str
    all_day: bool = False
    rule: str = ""
    last: datetime | None = None
    exdates: Sequence[datetime] = ()

    @property
    def google(self) -> str:
        """Google's form for a new event, filled in; empty where it can't say which dates were called off."""
        if self.exdates:
            return ""
        form = "%Y%m%d" if self.all_day else "%Y%m%dT%H%M%SZ"
        dates = "/".join(format(self._utc_or_day(edge), form) for edge in (self.start, self.end))
        query = {"action": "TEMPLATE", "text": self.title, "dates": dates}
        if self.rule:
            query |= {"recur": f"RRULE:{self.rule}", "ctz": self.zone}
        return f"https://calendar.google.com/calendar/render?{urlencode(query | self._more('details'))}"

    @property
    def outlook(self) -> str:
        """Outlook on the web's form for a new event, filled in; empty for a series, which it can't say."""
        if self.rule:
            return ""
        form = "%Y-%m-%d" if self.all_day else "%Y-%m-%dT%H:%M:%SZ"
        query = {
            "path": "/calendar/action/compose",
            "rru": "addevent",
            "subject": self.title,
            "startdt": format(self._utc_or_day(self.start), form),
            "enddt": format(self._utc_or_day(self.end), form),
        }
        query |= {"allday": "true"} if self.all_day else {}
        address = "https://outlook.office.com/calendar/0/deeplink/compose"
        return f"{address}?{urlencode(query | self._more('body'))}"

    def ics(self, now: datetime) -> bytes:
        """A calendar file of its own (no invitation: nobody is asked to answer)."""
        event = Component()
        event.add("uid", self.uid)
        event.add("dtstamp", now)
        event.add("dtstart", self._written(self.start))
        event.add("dtend", self._written(self.end))
        if self.rule:
            event.add("rrule", vRecur.from_ical(self.rule))
        for exdate in self.exdates:
            event.add("exdate", self._written(exdate))
        event.add("summary", self.title)
        for name, value in self._more("description").items():
            event.add(name, value)
        calendar = Calendar()
        calendar.add("prodid", "-//chouseiapo//JA")
        calendar.add("version", "2.0")
        calendar.add_component(event)
        content: bytes = calendar.to_ical()
        if self.all_day or not self.rule:
            return content
        zone = time_zone_definition(self.zone, self.start.year, (self.last or self.start).year)
        return content.replace(b"\r\nBEGIN:VEVENT", b"\r\n" + zone + b"BEGIN:VEVENT", 1)

    def _utc_or_day(self, edge: datetime) -> datetime | date:
        return self._day(edge) if self.all_day else edge.astimezone(UTC)

    def _written(self, edge: datetime) -> datetime | date:
        """What repeats goes by the clock of its zone."""
        if self.all_day:
            return self._day(edge)
        return edge.astimezone(zone_of(self.zone)) if self.rule else edge

    def _day(self, edge: datetime) -> date:
        return edge.astimezone(ZoneInfo(self.zone)).date()

    def _more(self, details: str) -> dict[str, str]:
        found = {details: self.details, "location": self.place}
        return {name: value for name, value in found.items() if value}
