"""The confirmed time as the guest takes it into a calendar of their own."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

import msgspec
from icalendar import Calendar
from icalendar import Event as Component


class Event(msgspec.Struct, frozen=True):
    """What the guest's calendar is to show; times are UTC, empty words are left out.

    `uid` is the one that mails use: an event that came both ways stands there once.
    """

    uid: str
    title: str
    start: datetime
    end: datetime
    details: str
    place: str

    @property
    def google(self) -> str:
        """Google's form for a new event, filled in."""
        times = f"{self.start:%Y%m%dT%H%M%SZ}/{self.end:%Y%m%dT%H%M%SZ}"
        query = {"action": "TEMPLATE", "text": self.title, "dates": times}
        return f"https://calendar.google.com/calendar/render?{urlencode(query | self._more('details'))}"

    @property
    def outlook(self) -> str:
        """Outlook on the web's form for a new event, filled in."""
        query = {
            "path": "/calendar/action/compose",
            "rru": "addevent",
            "subject": self.title,
            "startdt": f"{self.start:%Y-%m-%dT%H:%M:%SZ}",
            "enddt": f"{self.end:%Y-%m-%dT%H:%M:%SZ}",
        }
        address = "https://outlook.office.com/calendar/0/deeplink/compose"
        return f"{address}?{urlencode(query | self._more('body'))}"

    def ics(self, now: datetime) -> bytes:
        """A calendar file of its own (no invitation: nobody is asked to answer)."""
        event = Component()
        event.add("uid", self.uid)
        event.add("dtstamp", now)
        event.add("dtstart", self.start)
        event.add("dtend", self.end)
        event.add("summary", self.title)
        for name, value in self._more("description").items():
            event.add(name, value)
        calendar = Calendar()
        calendar.add("prodid", "-//chouseiapo//JA")
        calendar.add("version", "2.0")
        calendar.add("method", "PUBLISH")
        calendar.add_component(event)
        content: bytes = calendar.to_ical()
        return content

    def _more(self, details: str) -> dict[str, str]:
        found = {details: self.details, "location": self.place}
        return {name: value for name, value in found.items() if value}
