"""How a link is, in words: what does not work, since when, and what heals it.

Cards, the attendees' icons and the review before sending all ask here, so that they never disagree.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from chouseiapo.domain.ids import is_of, link_owner
from chouseiapo.domain.links import Link
from chouseiapo.mail_links import is_google_revoked, is_google_week
from chouseiapo.web.i18n import _
from chouseiapo.web.staff import words
from chouseiapo.web.staff.frame import moment
from projections.standing import Failing

BUILT_IN, OK, ATTENTION, BROKEN = "built_in", "ok", "attention", "broken"
# What a button can do about it.
RELINK, CHOOSE, ANSWER = "relink", "choose", "answer"
# A vendor's bad moment is nobody's concern before this.
PATIENCE = timedelta(minutes=5)
# What passes by itself; everything else has to be mended by somebody.
_PASSING = ("unreachable", "unavailable", "throttled", "conflict", "busy_unknown", "resync")
# What an earlier token met: were it true of this one, the link would be broken.
_OF_TOKENS = ("token_", "not_linked")
# Google's permission without which an account does not say which calendars it has.
LISTING = "calendar.calendarlist.readonly"
_WRONG_CALENDAR = ("calendar_not_found", "no_permission", "read_only")


class Health(msgspec.Struct, frozen=True):
    """state: built_in, ok, attention or broken. What is wrong and what to do, empty when nothing is; `action`
    is what a button can do: relink, choose, answer or nothing.
    """

    state: str
    what: str = ""
    remedy: str = ""
    since: datetime | None = None
    action: str = ""


def health(link: Link | None, failing: Failing | None, now: datetime) -> Health:
    """The worst that is known of a link; None is the built-in calendar, which always works."""
    if link is None:
        return Health(BUILT_IN)
    if link.broken:
        return _broken(link)
    if link.vanished:
        return Health(ATTENTION, words.said(_VANISHED, n=link.vanished), words.said(_DECIDE), action=ANSWER)
    if is_of("room", link_owner(link.id)) and not link.chosen:
        return Health(ATTENTION, words.said(_NOT_CHOSEN), words.said(_CHOOSE), action=CHOOSE)
    if failing and (found := _failing(failing, now)):
        return found
    if link.ends_at:
        ends = words.said(_ENDS, moment=moment(link.ends_at))
        return Health(ATTENTION, ends, words.said(_PUBLISH), action=RELINK)
    if link.missing:
        return Health(ATTENTION, not_allowed(link), words.said(_ALLOW_ALL), action=RELINK)
    return Health(OK)


def not_allowed(link: Link) -> str:
    """What does not work for want of a permission; empty when all were given."""
    return " ".join(words.said(_MISSING.get(scope, _MISSING_OTHER)) for scope in link.missing)


def _broken(link: Link) -> Health:
    since = link.broken_since or link.linked_at
    remedy = _LINK_AGAIN
    if is_google_week(link, since):
        remedy = _TESTING
    elif is_google_revoked(link, since):
        remedy = _REVOKED
    return Health(BROKEN, words.trouble(link.broken).what, words.said(remedy), since, action=RELINK)


def _failing(failing: Failing, now: datetime) -> Health | None:
    trouble = words.trouble(failing.reason)
    if failing.reason.startswith(_OF_TOKENS):
        return None
    if failing.reason.startswith(_WRONG_CALENDAR):
        return Health(ATTENTION, trouble.what, words.said(_CHOOSE_AGAIN), failing.since, action=CHOOSE)
    if failing.reason.startswith(_PASSING) and now - failing.since < PATIENCE:
        return None
    return Health(ATTENTION, trouble.what, trouble.remedy, failing.since)


_LINK_AGAIN = _("もう一度連携すると直り、待っていた予定が自動で入ります。")
_REVOKED = _(
    "Googleのアカウントの設定で許可が取り消された可能性があります。もう一度連携すると直り、待っていた予定が自動で入ります。"
)
_TESTING = _(
    "もう一度連携すると直り、待っていた予定が自動で入ります。7日ほどでまた切れるときは、Googleのアプリが「テスト」公開のままです。"
    "管理者がGoogle Cloudで「本番環境」に公開すると、切れなくなります。"
)
_ENDS = _("Googleのアプリが「テスト」公開のため、%(moment)sに連携が切れます。")
_PUBLISH = _(
    "管理者がGoogle Cloudでアプリを「本番環境」に公開し、そのあともう一度連携すると、切れなくなります。"
)
_VANISHED = _("調整アポの予定%(n)s件が、カレンダーから一度に消えました。")
_DECIDE = _("消えた予定をどうするか選んでください。それまで、何も変更しません。")
_ALLOW_ALL = _("もう一度連携し、すべての項目を許可してください。")
_NOT_CHOSEN = _("どのカレンダーが会議室のものか、まだ選ばれていません。")
_CHOOSE = _("会議室のカレンダーを選んでください。選ぶまでは、内蔵カレンダーに入ります。")
_CHOOSE_AGAIN = _("予定を入れるカレンダーを選び直してください。")
_MISSING = {
    "calendar.events.freebusy": _("空き時間を読む許可がないため、同僚の予定を表示できません。"),
    LISTING: _("カレンダーの一覧を読む許可がないため、予定は基本のカレンダーに入ります。"),
    "Calendars.ReadWrite.Shared": _(
        "共有カレンダーの許可がないため、ほかの人や会議室のカレンダーには書き込めません。"
    ),
}
_MISSING_OTHER = _("許可されていない項目があります。")
