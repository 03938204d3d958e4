"""B9: a confirmation as it leaves, with its invitation, against the plainest program that makes such a mail.

One core, no disk, no network. Both make the same number of parts of about the same size; each mail is to
another guest at another time, so that nothing is answered from memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import msgspec
from icalendar import Calendar, Event, vCalAddress
from jinja2 import Environment, Template

from benchmarks.measure import Row, Size, alternate, median
from chouseiapo.config import Settings
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.proposal import Delivery, Guest, Kind, Meeting, Platform
from chouseiapo.domain.slots import Candidate
from chouseiapo.mail import Facts, Mails, Person, Recipient, Rule

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ID = "appointment-" + "0" * 32
SENDER = "no-reply@appo.sample.example"
ORGANIZER = Person("田中 一郎", "tanaka@sample.example")
MEETING = Meeting("https://us06web.zoom.us/j/98765432101?pwd=Zm9vYmFy.1", "98765432101", "7K2mQx")
SUBJECT = "[株式会社サンプル]アポイントメントの日程が確定しました"


def rendering(_: Path, size: Size) -> Row:
    """Mails a second; a mail counts once it is bytes."""
    render = _ours(size.mails)
    bare = _baseline(render)
    least, most = sorted(len(make(1)) for make in (render, bare))
    if most > least * 1.25:
        raise AssertionError(f"mails of {least} and {most} octets can't be compared")
    ours, baseline = alternate(size.rounds, _round(render, size.mails), _round(bare, size.mails))
    return Row(
        name="B9",
        what="a mail: HTML, text, iCalendar, to bytes",
        unit="/s",
        ours=median(ours),
        baseline=median(baseline),
        against="Jinja2 + icalendar + as_bytes",
        goal=0.8,
        details={"octets": {"ours": len(render(1)), "baseline": len(bare(1))}},
    )


def _round(make: Callable[[int], bytes], mails: int) -> Callable[[], float]:
    def rate() -> float:
        began = time.process_time()
        for n in range(mails):
            make(n)
        return mails / (time.process_time() - began)

    return rate


def _guest(n: int) -> Guest:
    return Guest("ABC株式会社", f"山田 太郎{n}", f"yamada{n}@example.net")


def _start(n: int) -> datetime:
    return NOW + timedelta(days=4, hours=n % 1000)


def _ours(mails: int) -> Callable[[int], bytes]:
    product = Mails(replace(Settings(), company="株式会社サンプル", mail_from=SENDER))
    told = [_facts(n) for n in range(mails)]

    def render(n: int) -> bytes:
        guest = told[n].appointment.guest
        reader = Recipient(id="guest", name=guest.name, email=guest.email, guest=True, calendar_part=True)
        message_id = f"<{n}@appo.sample.example>"
        mail = product.render(Rule.CONFIRMATION, reader, told[n], message_id=message_id, sequence=1, now=NOW)
        return mail.as_bytes()

    return render


def _facts(n: int) -> Facts:
    return Facts(
        appointment=_confirmed(n),
        organizer=ORGANIZER,
        author=ORGANIZER,
        attendees=(ORGANIZER,),
        guest_url=f"https://appo.sample.example/g/{n:040}",
        staff_url="",
    )


_PROPOSED = Appointment.Proposed(
    originator_id=ID,
    originator_version=1,
    at=NOW,
    author="member-1",
    attendees=("member-1",),
    organizer="member-1",
    kind=Kind.WEB,
    platform=Platform.ZOOM,
    delivery=Delivery.MAIL,
    guest=_guest(0),
    message="当日は資料を画面で共有いたします。\n\n  1. 現状のご確認\n  2. ご提案",
    candidates=(Candidate("c1", NOW, NOW),),
)


def _confirmed(n: int) -> Appointment:
    start, guest = _start(n), _guest(n)
    candidate = Candidate("c1", start, start + timedelta(hours=1))
    told: dict[str, Any] = {"originator_id": ID, "originator_version": 2, "at": NOW}
    return Appointment.remember(
        ID,
        [
            msgspec.structs.replace(_PROPOSED, guest=guest, candidates=(candidate,)),
            Appointment.Confirmed(**told, candidate="c1", guest=guest),
            Appointment.MeetingIssued(**told, meeting=MEETING, host="host"),
        ],
    )


def _baseline(ours: Callable[[int], bytes]) -> Callable[[int], bytes]:
    """The text and HTML of one of our mails as they stand, with four words to be filled in."""
    html, text = _templates(ours)

    def make(n: int) -> bytes:
        guest, start = _guest(n), _start(n)
        words = {"name": guest.name, "url": f"https://appo.sample.example/g/{n:040}", "at": f"{start:%H:%M}"}
        return _mail(n, guest, text.render(words), html.render(words), _invitation(n, guest, start))

    return make


def _templates(ours: Callable[[int], bytes]) -> tuple[Template, Template]:
    mail = message_from_bytes(ours(0), policy=policy.SMTP)
    environment = Environment(autoescape=True)
    bodies = []
    for kind in ("html", "plain"):
        part = mail.get_body((kind,))
        content = str(part.get_content()) if part else ""
        for word, name in ((_guest(0).name, "name"), (f"{0:040}", "url"), ("09:00", "at")):
            content = content.replace(word, "{{ " + name + " }}")
        bodies.append(environment.from_string(content))
    return bodies[0], bodies[1]


def _invitation(n: int, guest: Guest, start: datetime) -> bytes:
    calendar, event = Calendar(), Event()
    calendar.add("prodid", "-//baseline//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "REQUEST")
    organizer, attendee = vCalAddress(f"mailto:{SENDER}"), vCalAddress(f"mailto:{guest.email}")
    organizer.params["CN"], attendee.params["CN"] = ORGANIZER.name, guest.name
    for name, value in {
        "uid": f"{n}@appo.sample.example",
        "sequence": 1,
        "dtstamp": NOW,
        "dtstart": start,
        "dtend": start + timedelta(hours=1),
        "summary": "株式会社サンプルとのWeb会議",
        "description": f"参加URL: {MEETING.join_url}\nパスコード: {MEETING.passcode}\n担当者: 田中 一郎",
        "location": MEETING.join_url,
        "status": "CONFIRMED",
        "transp": "OPAQUE",
        "organizer": organizer,
        "attendee": attendee,
    }.items():
        event.add(name, value)
    calendar.add_component(event)
    written: bytes = calendar.to_ical()
    return written


def _mail(n: int, guest: Guest, text: str, html: str, calendar: bytes) -> bytes:
    message = EmailMessage()
    message["Subject"] = SUBJECT
    message["From"] = f"田中 一郎 <{SENDER}>"
    message["Reply-To"] = f"田中 一郎 <{ORGANIZER.email}>"
    message["To"] = f"{guest.name} <{guest.email}>"
    message["Date"] = NOW
    message["Message-ID"] = f"<{n}@appo.sample.example>"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    message.add_alternative(calendar.decode(), subtype="calendar", params={"method": "REQUEST"})
    message.add_attachment(calendar, maintype="application", subtype="ics", filename="invite.ics")
    return message.as_bytes()
