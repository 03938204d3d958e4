"""Writing to the guest of an appointment, or to those of several: written, looked at as it will be read, and
then sent to each of them once.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import Counter
from collections.abc import Iterable, Sequence
from email.message import EmailMessage
from typing import Any

import msgspec
from flask import Blueprint, g, redirect, render_template, request, url_for

from chouseiapo import wording
from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.errors import Busy, DomainError, NotFound, Problem
from chouseiapo.domain.event import Event, Meta
from chouseiapo.domain.proposal import Guest, check_message
from chouseiapo.web.messages import REFUSALS
from chouseiapo.web.request import may_see, services
from chouseiapo.web.staff import refused, session, words
from chouseiapo.web.staff.frame import title_of, when
from chouseiapo.web.staff.mail_view import framed, shown
from chouseiapo.web.staff.new import drafts
from projections.outbox import GUEST, mails_of
from projections.seen import Seen

message = Blueprint("message", __name__, url_prefix="/messages")
PREFIX = "message-"
MOST = 200
# What is wrong with the words alone is found with a guest who can be written to.
ANYBODY = Guest(email="anybody@example.com")


class Written(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message as it was typed, and the appointments whose guests are to get it."""

    appointments: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""


_WRITTEN = msgspec.json.Decoder(Written)


class To(msgspec.Struct, frozen=True):
    """A guest: by name and address, with what the appointment is called, and what it is `about`: the title
    where it has one of its own, and the time; without an address nothing goes."""

    id: str
    name: str
    title: str
    about: str
    address: str


class Foreseen(Seen):
    """The events as they would be with those that were only imagined."""

    def with_events(self, id: str, events: Sequence[Event]) -> Foreseen:
        self._known[id] = [*self.stream(id), *events]
        return self


def _keep(writer: str, id: str) -> str:
    """Keep what was posted after the session had ended; answers where its writer finds it."""
    _write(id, _read(), writer)
    return url_for("message.form", id=id)


@message.get("/new")
@session.signed_in
def begin() -> Any:
    """An empty message to the guest of one appointment; its draft comes into being with what is typed."""
    written = Written(tuple(request.args.getlist("appointment")[:1]))
    if not _appointments(written.appointments):
        raise NotFound
    return _form(secrets.token_hex(16), written)


@message.post("")
@session.signed_in
def to_selection() -> Any:
    """From the list, with what was chosen there; with nothing, back to the list, which says so."""
    if not _appointments(_chosen()):
        shown: dict[str, Any] = {
            name: request.form[name] for name in ("q", "state", "scope", "cursor") if request.form.get(name)
        }
        return redirect(url_for("staff.home", **shown, select="none"), 303)
    id = secrets.token_hex(16)
    _write(id, Written(_chosen()), g.member.id)
    return redirect(url_for("message.form", id=id), 303)


@message.get("/<string(length=32):id>")
@session.signed_in
def form(id: str) -> Any:
    written = _kept(id)
    if written is None:  # it was sent
        return redirect(url_for("staff.home"), 303)
    return _form(id, written, check="check" in request.args, sent=request.args.get("sent", type=int))


@message.post("/<string(length=32):id>")
@session.signed_in_writing(_keep)
def write(id: str) -> Any:
    written = _read()
    if g.stale:
        return _form(id, written, refusal="form_expired"), 409
    _write(id, written, g.member.id)
    return redirect(url_for("message.review", id=id), 303)


@message.get("/<string(length=32):id>/review")
@session.signed_in
def review(id: str) -> Any:
    """Who gets it, who can't, and each mail as it will be read; what is wrong leads back to the form."""
    written = _kept(id)
    if written is None:
        return redirect(url_for("staff.home"), 303)
    found = _appointments(written.appointments)
    reached = [each for each in found if each.guest.email]
    if _problems(written, reached):
        return redirect(url_for("message.form", id=id, check=1, _anchor="problems"), 303)
    shown_to = _shown_to(reached)
    return render_template(
        "staff/message_review.html",
        id=id,
        seen=_digest(written),
        reached=[_to(each) for each in reached],
        unreached=[_to(each) for each in found if not each.guest.email],
        shared=_shared(reached),
        chosen=shown_to.id,
        part="text" if request.args.get("part") == "text" else "html",
        mail=shown(_mail(shown_to, written)),
    )


@message.get("/<string(length=32):id>/mail")
@session.signed_in
def mail_frame(id: str) -> Any:
    """The HTML of the mail to one of them."""
    written = _kept(id)
    reached = [each for each in _appointments(written.appointments) if each.guest.email] if written else []
    if written is None or _problems(written, reached):
        raise NotFound
    return framed(_mail(_shown_to(reached), written))


@message.post("/<string(length=32):id>/send")
@session.signed_in
def send(id: str) -> Any:
    """Send what was looked at. Where that can't be done any more, it leads back, with everything kept."""
    written = _kept(id)
    if written is None:
        return redirect(url_for("staff.home", done="messages" if _has_left(id) else "no_draft"), 303)
    if request.form.get("seen") != _digest(written):
        return redirect(url_for("message.review", id=id), 303)
    reached = [each for each in _appointments(written.appointments) if each.guest.email]
    if {each.id for each in reached} - set(request.form.getlist("to")):  # has an address by now
        return redirect(url_for("message.review", id=id), 303)
    if reached and _problems(written, reached):
        return redirect(url_for("message.form", id=id, check=1, _anchor="problems"), 303)
    sent = [each.id for each in reached if _send(each.id, written, _command(id, each.id, written))]
    missed = _missed(written, sent)
    if missed or not sent:
        return _left(id, written, missed, len(sent))
    drafts().forget(PREFIX + id, g.member.id)
    if len(sent) == 1:
        return redirect(url_for("appointment.page", id=sent[0], done="message"), 303)
    return redirect(url_for("staff.home", done="messages"), 303)


def _command(id: str, appointment: str, written: Written) -> Meta:
    """Nobody gets the same words of one draft twice; other words are another message."""
    words = Written(subject=written.subject.strip(), text=written.text.strip())
    return Meta(actor=g.member.id, command=f"{_commands(id)}{appointment}/{_digest(words)}")


def _commands(id: str) -> str:
    """How the commands begin by which that draft is sent."""
    return f"message/{id}/"


def _has_left(id: str) -> bool:
    """Whether any of those who were looked at got the message."""
    seen = _appointments(request.form.getlist("to")[:MOST])
    return any(command.startswith(_commands(id)) for each in seen for command in each.commands)


def _send(id: str, written: Written, cause: Meta) -> bool:
    """Whether it went: whose guest was forgotten meanwhile gets nothing, and keeps nobody else from it."""
    try:
        services().coordination.send_message(id, written.subject, written.text, cause, g.now)
    except Busy:
        raise
    except DomainError:
        return False
    return True


def _missed(written: Written, sent: Sequence[str]) -> tuple[str, ...]:
    """Who was looked at as somebody who gets it, and did not."""
    seen = set(request.form.getlist("to"))
    return tuple(each for each in written.appointments if each in seen and each not in sent)


def _left(id: str, written: Written, missed: tuple[str, ...], sent: int) -> Any:
    """Back to the form, which says how many got it, with those who did not; as it was if nobody did."""
    if sent:
        _write(id, msgspec.structs.replace(written, appointments=missed), g.member.id)
    return redirect(url_for("message.form", id=id, sent=sent), 303)


def _form(id: str, written: Written, check: bool = False, refusal: str = "", sent: int | None = None) -> str:
    """The form with what was typed; `sent`: how many got it when not everybody could be reached."""
    found = _appointments(written.appointments)
    problems = _problems(written, [each for each in found if each.guest.email]) if check else []
    return render_template(
        "staff/message.html",
        id=id,
        written=written,
        to=[_to(each) for each in found],
        problems=refused.first_of_each(problems),
        summary=refused.summary(problems, fields=refused.OF_MESSAGE),
        refusal=REFUSALS.get(refusal, ""),
        sent=sent,
    )


def _problems(written: Written, reached: Sequence[Appointment]) -> list[Problem]:
    problems = list(check_message(written.subject, written.text, ANYBODY))
    if not reached:
        problems.append(Problem("appointments", "nobody_chosen"))
    if len(reached) > MOST:
        problems.append(Problem("appointments", "messages_too_many", {"most": MOST}))
    return problems


def _appointments(ids: Iterable[str]) -> list[Appointment]:
    """Those that one may see, as they were chosen."""
    asked = [id for id in ids if id.startswith("appointment-")]
    streams = services().coordination.streams(asked)
    found = [Appointment.remember(id, streams[id]) for id in asked if streams[id]]
    return [each for each in found if may_see(g.member, each)]


def _mail(concerned: Appointment, written: Written) -> EmailMessage:
    """As the guest will read it: decided in memory alone."""
    imagined = services().coordination.appointment(concerned.id)
    imagined.send_message(written.subject, written.text, g.now)
    foreseen = Foreseen(services().coordination).with_events(concerned.id, imagined.collect_events())
    mail = next(m for m in reversed(mails_of(foreseen.stream(concerned.id))) if m.recipient == GUEST)
    return services().composer.over(foreseen).compose(mail, g.now)


def _shown_to(reached: Sequence[Appointment]) -> Appointment:
    """Whose mail is looked at: the one that the address names, else the first."""
    asked = request.args.get("to", "")
    return next((each for each in reached if each.id == asked), reached[0])


def _shared(reached: Sequence[Appointment]) -> int:
    """How many have an address that another one has, too."""
    times = Counter(each.guest.email.lower() for each in reached)
    return sum(n for n in times.values() if n > 1)


def _to(concerned: Appointment) -> To:
    guest = concerned.guest
    name = wording.guest_in_text(guest, g.locale)
    fixed = concerned.coming(g.now)
    about = [concerned.title, when(fixed) if fixed else words.said(words.STATES[concerned.state])]
    return To(concerned.id, name, title_of(concerned), " · ".join(filter(None, about)), guest.email)


def _chosen() -> tuple[str, ...]:
    return tuple(dict.fromkeys(request.form.getlist("appointment")[: MOST + 1]))


def _read() -> Written:
    form = request.form
    return Written(_chosen(), form.get("subject", ""), form.get("text", "").replace("\r\n", "\n"))


def _kept(id: str) -> Written | None:
    content = drafts().read(PREFIX + id, g.member.id)
    try:
        return _WRITTEN.decode(content) if content is not None else None
    except msgspec.ValidationError:
        return None


def _write(id: str, written: Written, writer: str) -> None:
    if not drafts().keep(PREFIX + id, writer, msgspec.json.encode(written), g.now):
        raise NotFound


def _digest(written: Written) -> str:
    return hashlib.sha256(msgspec.json.encode(written)).hexdigest()[:16]
