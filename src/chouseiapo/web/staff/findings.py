"""What the dry run has found, in words, beside whom it concerns on the review page."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from flask import g

from chouseiapo.domain.ids import link_owner
from chouseiapo.domain.links import Link, Provider
from chouseiapo.web.dry_run import CALENDAR, FORESEEN, HOST, OF_THE_CALENDAR, Finding, Level
from chouseiapo.web.i18n import _
from chouseiapo.web.staff import words
from chouseiapo.web.staff.health import Health, health
from projections.standing import Failing


class Said(msgspec.Struct, frozen=True):
    """One finding: ok, attention or fails; what was found, what becomes of the hold, and what to do."""

    level: str
    what: str
    then: str = ""
    remedy: str = ""


def said(findings: Iterable[Finding]) -> dict[tuple[str, str], Said]:
    """By whom and what each concerns. Of a built-in calendar, which always works, there is nothing to say."""
    return {(each.who, each.kind): _said(each) for each in findings if each.link or each.reason}


def _said(finding: Finding) -> Said:
    if finding.level is Level.OK:
        return Said(finding.level, words.said(_WELL[finding.kind]))
    trouble = _trouble(finding)
    if finding.level is Level.ATTENTION and finding.reason not in FORESEEN:
        return Said(finding.level, trouble.what, words.said(_LATER[finding.kind]))
    then = words.said(_THEN[finding.kind]) if finding.level is Level.FAILS else ""
    return Said(finding.level, trouble.what, then, trouble.remedy)


def _trouble(finding: Finding) -> words.Trouble:
    """What is wrong with which account, and what whoever reads it can do; as the cards say it."""
    link, told = finding.link, words.trouble(finding.reason)
    if link is None:
        return told
    name = words.said(words.PROVIDERS[link.provider])
    known = _health(link, finding)
    if known is None or not known.what:
        return words.Trouble(f"{name}: {told.what}", told.remedy)
    mine = not known.action or link_owner(link.id) == g.member.id
    remedy = known.remedy if mine else words.said(_("本人が「設定」のページで直せます。"))
    return words.Trouble(f"{name}: {known.what}", remedy)


def _health(link: Link, finding: Finding) -> Health | None:
    """A calendar's, with what was found just now; for passing troubles, and for Zoom, there is none."""
    if link.provider is Provider.ZOOM or (
        finding.level is Level.ATTENTION and finding.reason not in FORESEEN
    ):
        return None
    if finding.level is Level.FAILS and not finding.reason.startswith(OF_THE_CALENDAR):
        link = msgspec.structs.replace(link, broken=finding.reason, broken_since=link.broken_since or g.now)
    return health(link, Failing(finding.reason, g.now), g.now)


_WELL = {CALENDAR: _("予定を入れられることを確かめました。"), HOST: _("連携を確かめました。")}
# What stumbles for a moment needs nobody.
_LATER = {
    CALENDAR: _("このまま送れます。仮予定は、つながり次第入ります。"),
    HOST: _("このまま送れます。"),
}
_THEN = {
    CALENDAR: _("仮予定は、連携が直り次第入ります。"),
    HOST: _("このままでは、日時が決まってもWeb会議を発行できません。"),
}
