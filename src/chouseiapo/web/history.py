"""Words for the timeline, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from flask import g

from chouseiapo import wording
from chouseiapo.domain.event import GUEST, OPERATOR, SYSTEM
from chouseiapo.domain.ids import is_of
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
    if actor.startswith("member-"):
        return services().coordination.member(actor).name
    return translate(_ACTORS.get(actor, _ACTORS[SYSTEM]), g.locale)


def worded(line: Line) -> str:
    """One line of the timeline in sentences: what happened, then what changed with it."""
    settings = services().settings
    today = g.now.astimezone(settings.zone).date()
    slots = [wording.slot(c.start, c.end, settings.time_zone, g.locale, today) for c in line.slots]
    said = translate(HAPPENED[_key(line)], g.locale, slots=" / ".join(slots), count=len(slots))
    return " ".join([said, *_changes(line), *filter(None, [line.text])])


def _key(line: Line) -> str:
    return f"{line.what} {line.by}" if line.by == FOREIGN else line.what


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
    app = services().coordination
    return [app.room(owner).name if is_of("room", owner) else app.member(owner).name for owner in owners]
