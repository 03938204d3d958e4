"""What the dry run has found, in words, beside whom it concerns on the review page."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from chouseiapo.web.dry_run import CALENDAR, FORESEEN, HOST, Finding, Level
from chouseiapo.web.i18n import _
from chouseiapo.web.staff import words


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
    trouble = words.trouble(finding.reason)
    provider = words.said(words.PROVIDERS[finding.link.provider]) if finding.link else ""
    what = f"{provider}: {trouble.what}" if provider else trouble.what
    if finding.level is Level.ATTENTION and finding.reason not in FORESEEN:
        return Said(finding.level, what, words.said(_LATER[finding.kind]))
    then = words.said(_THEN[finding.kind]) if finding.level is Level.FAILS else ""
    return Said(finding.level, what, then, trouble.remedy)


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
