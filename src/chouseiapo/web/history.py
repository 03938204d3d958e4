"""Words for the timeline, in the reader's language."""

from __future__ import annotations

from flask import g

from chouseiapo import wording
from chouseiapo.domain.event import GUEST, SYSTEM
from chouseiapo.web.api.requests import services
from chouseiapo.web.i18n import _, translate
from chouseiapo.web.messages import HAPPENED
from projections.history import Line

_ACTORS = {GUEST: _("お客様"), SYSTEM: _("自動")}


def actor_name(actor: str) -> str:
    """Who did it: a member by name, the guest, or the product itself."""
    if actor.startswith("member-"):
        return services().coordination.member(actor).name
    return translate(_ACTORS.get(actor, _ACTORS[SYSTEM]), g.locale)


def worded(line: Line) -> str:
    """One line of the timeline as a sentence."""
    zone = services().settings.time_zone
    slots = [wording.slot(c.start, c.end, zone, g.locale) for c in line.slots]
    people = [services().coordination.member(m).name for m in line.people]
    sentence = HAPPENED[line.what]
    values = {"slots": " / ".join(slots), "people": "、".join(people), "count": len(slots)}
    text = translate(sentence, g.locale, **values)
    return f"{text} {line.text}".strip() if line.text else text
