"""Words for the timeline, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flask import g

from chouseiapo import wording
from chouseiapo.domain.event import GUEST, OPERATOR, SYSTEM
from chouseiapo.domain.ids import is_of
from chouseiapo.domain.slots import Candidate, Slot
from chouseiapo.web.i18n import _, translate
from chouseiapo.web.messages import HAPPENED
from chouseiapo.web.request import services
from projections.history import Line
from projections.watch import FOREIGN

_FIELDS = {
    "title": _("件名"),
    "message": _("お客様へのメッセージ"),
    "note": _("社内メモ"),
    "visibility": _("予定の公開範囲"),
}
_ACTORS = {GUEST: _("お客様"), SYSTEM: _("自動"), OPERATOR: _("運用担当者")}


def actor_name(actor: str) -> str:
    """Who did it: a member by name, the guest, or the product itself."""
    if is_of("member", actor) or is_of("room", actor):
        return _name(actor)
    return translate(_ACTORS.get(actor, _ACTORS[SYSTEM]), g.locale)


def worded(line: Line) -> str:
    """One line of the timeline in sentences: what happened, then what changed with it."""
    settings = services().settings
    today = g.now.astimezone(settings.zone).date()

    midnight, in_days = services().coordination.grid.is_midnight, any(c.all_day for c in line.slots)

    def slot(between: Candidate | Slot) -> str:
        whole = in_days and midnight(between.start) and midnight(between.end)
        spell = wording.days if whole else wording.slot
        return spell(between.start, between.end, settings.time_zone, g.locale, today)

    slots = [slot(candidate) for candidate in line.slots]
    said = translate(
        HAPPENED[_key(line)],
        g.locale,
        slots=" / ".join(slots),
        first=slots[0] if slots else "",
        count=len(slots),
        whose=_addressed(line.by),
        to=slot(line.to) if line.to else "",
    )
    return " ".join([said, *_changes(line), *filter(None, [line.text])])


def _key(line: Line) -> str:
    """The event's name, and what else tells one sentence from another."""
    how = FOREIGN if line.by == FOREIGN else line.how
    return f"{line.what} {how}" if f"{line.what} {how}" in HAPPENED else line.what


def _changes(line: Line) -> Iterator[str]:
    told = (
        (_("変更した項目: %(what)s"), [translate(_FIELDS[field], g.locale) for field in line.fields]),
        (_("加わった人: %(what)s"), _names(line.joined)),
        (_("外れた人: %(what)s"), _names(line.left)),
        (_("主催者: %(what)s"), _names([line.organizer] if line.organizer else [])),
        (_("予定が重なっている人と会議室: %(what)s"), _names(line.also)),
    )
    for sentence, what in told:
        if what:
            yield translate(sentence, g.locale, what=wording.people(what, g.locale))


def _names(owners: Iterable[str]) -> list[str]:
    """Of members and rooms."""
    return [_name(owner) for owner in owners]


def _name(owner: str) -> str:
    app = services().coordination
    return app.room(owner).name if is_of("room", owner) else app.member(owner).name


def _addressed(owner: str) -> str:
    """Whose calendar it was, as a sentence names them: 「田中 一郎さん」, 「会議室A」."""
    if is_of("room", owner):
        return _name(owner)
    return wording.person(_name(owner), g.locale, guest=False) if is_of("member", owner) else ""
