"""Words of the staff's pages for what rows know by a name. Japanese is the message id, `_` marks it."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from flask import g

from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.proposal import Kind
from chouseiapo.web.i18n import _, translate

STATES = {
    "proposed": _("調整中"),
    "confirmed": _("確定"),
    "declined": _("辞退"),
    "cancelled": _("キャンセル"),
    "expired": _("期限切れ"),
}
CANDIDATE_STATES = {
    "open": _("回答待ち"),
    "chosen": _("確定"),
    "withdrawn": _("取り下げ済み"),
    "taken": _("埋まりました"),
    "passed": _("時刻を過ぎました"),
    "closed": _("選ばれませんでした"),
    "called_off": _("キャンセルされました"),
    "took_place": _("終わりました"),
    "closed_cancelled": _("キャンセルのため終了"),
    "closed_expired": _("期限切れのため終了"),
}
KINDS = {
    "web": _("Web会議"),
    "visit_us": _("来訪"),
    "visit_them": _("往訪"),
    "phone": _("電話"),
}
LANGUAGES = {"": _("組織の既定"), "ja": _("日本語"), "en": _("英語")}
# What is not built yet is not offered.
PLATFORMS = {"zoom": _("Zoom"), "url": _("固定URL"), "none": _("URLなし")}
WAYS = {"offer": _("候補を出して選んでもらう"), "direct": _("日時を決めて登録する")}
REPEATS = {
    "once": _("くり返さない"),
    "daily": _("毎日"),
    "weekdays": _("平日毎日"),
    "weekly": _("毎週"),
    "monthly": _("毎月"),
}
VISIBILITIES = {
    "default": _("カレンダーの既定"),
    "public": _("公開"),
    "private": _("非公開"),
}
DELIVERIES = {"mail": _("メールで送る"), "link": _("リンクだけ発行する")}
MAIL_FORMATS = {"html": _("HTMLとテキスト"), "text": _("テキストだけ")}
PROVIDERS = {
    "google": _("Google カレンダー"),
    "microsoft": _("Outlook"),
    "caldav": _("CalDAV"),
    "zoom": _("Zoom"),
}
# Whose account it is, where people sign in with it.
VENDORS = {
    "google": _("Google"), "microsoft": _("Microsoft"), "caldav": _("CalDAV"), "zoom": _("Zoom"),
}  # fmt: skip
HEALTH = {
    "built_in": _("連携なし"),
    "ok": _("正常"),
    "attention": _("確認が必要"),
    "broken": _("連携切れ"),
}
BUILT_IN = _("内蔵カレンダー")

MAIL_RULES = {
    "request": _("日程調整の依頼"),
    "confirmation": _("確定のお知らせ"),
    "confirmation_pending": _("確定のお知らせ(URLは後ほど)"),
    "meeting_url": _("Web会議URLのお知らせ"),
    "cancelled": _("キャンセルのお知らせ"),
    "occurrence_cancelled": _("1回分のキャンセルのお知らせ"),
    "expired": _("期限切れのお知らせ"),
    "all_gone": _("候補がなくなったお知らせ"),
    "removed": _("担当から外れたお知らせ"),
    "question": _("カレンダーの変更の確認"),
    "link_broken": _("連携が切れたお知らせ"),
    "vanished": _("予定が一度に消えたお知らせ"),
    "reminder": _("当日のお知らせ"),
    "reminder_before": _("開始前のお知らせ"),
    "moved": _("日時変更のお知らせ"),
    "meeting_changed": _("Web会議URL変更のお知らせ"),
    "meeting_withdrawn": _("Web会議URLが使えなくなったお知らせ"),
    "meeting_vanished": _("Web会議が削除されたことの確認"),
    "meeting_forgone": _("Web会議を行わないことのお知らせ"),
    "message": _("お客様へのメッセージ"),
    "link_moved": _("連携がほかの方に移ったお知らせ"),
    "deauthorized": _("連携が解除されたお知らせ"),
}
MAIL_STATES = {
    "queued": _("送信待ち"),
    "sent": _("送信済み"),
    "refused": _("届きませんでした"),
    "skipped": _("送りませんでした"),
}
# By the event behind the mail; where that alone would not say why, by the rule, too.
MAIL_CAUSES = {
    "appointment.proposed": _("日時候補を提案したため"),
    "appointment.request-resent": _("再送が指示されたため"),
    "appointment.confirmed": _("日時が確定したため"),
    "appointment.meeting-issued": _("Web会議のURLが発行されたため"),
    "confirmation appointment.meeting-issued": _("日時が確定し、Web会議のURLが発行されたため"),
    "appointment.meeting-delayed": _("Web会議のURLを待たずに確定を知らせるため"),
    "appointment.attendees-changed": _("担当者に加わったため"),
    "removed appointment.attendees-changed": _("担当者から外れたため"),
    "appointment.candidate-taken": _("選べる日時候補がなくなったため"),
    "appointment.cancelled": _("キャンセルされたため"),
    "appointment.occurrence-cancelled": _("1回分がキャンセルされたため"),
    "appointment.expired": _("回答期限を過ぎたため"),
    "appointment.moved": _("日時が変更されたため"),
    "appointment.message-sent": _("お客様にメッセージが送られたため"),
    "meeting_changed appointment.meeting-issued": _("Web会議の参加方法が変わったため"),
    "appointment.meeting-withdrawn": _("Zoomの連携が解除され、会議が削除されたため"),
    "appointment.meeting-vanished": _("Web会議がZoomで削除されたため"),
    "appointment.meeting-forgone": _("Web会議なしで続けることになったため"),
    "appointment.organizer-asked": _("カレンダーで予定が変更されたため"),
    "reminder": _("当日の決めた時刻になったため"),
    "reminder_before": _("開始時刻が近づいたため"),
    "link_broken": _("連携先につながらなくなったため"),
    "vanished": _("カレンダーから予定が一度に消えたため"),
    "link_moved": _("Zoomアカウントがほかの人に連携されたため"),
    "deauthorized": _("連携先でアプリが削除されたため"),
}
_SOMETHING_HAPPENED = _("アポイントメントに変更があったため")
MAIL_SKIPS = {
    "skipped_cancelled": _("送る前に、アポイントメントがキャンセルされました。"),
    "skipped_moved": _("送る前に、日時が変わりました。"),
    "skipped_removed": _("送る前に、担当者から外れました。"),
    "skipped_rule_removed": _("送る前に、このリマインドは組織の設定からなくなりました。"),
    "skipped_started": _("送る前に、開始時刻を過ぎました。"),
    "skipped_overtaken": _("送る前に、次のリマインドの時刻になりました。"),
    "skipped_expired": _("送る前に、有効期限が切れました。"),
    "skipped_erased": _("送る前に、お客様の情報が消去されました。"),
    "skipped_answered": _("送る前に、回答があったか、元に戻りました。"),
    "skipped_ended": _("送る前に、アポイントメントが終わりました。"),
    "skipped_healed": _("送る前に、連携が直りました。"),
    "skipped_unlinked": _("送る前に、連携が解除されました。"),
}
CONCERNS = {
    "question": _("カレンダーで予定が変更されました。どうするかをお選びください"),
    "changed": _("カレンダーでの変更により、候補が変わりました"),
    "all_gone": _("選べる日時候補がなくなりました"),
    "calendar": _("カレンダーに書き込めていません"),
    "meeting": _("Web会議を発行できていません"),
    "meeting_gone": _("Web会議がZoomで削除されました。どうするかをお選びください"),
    "mail": _("届かなかったメールがあります"),
    "deadline": _("まもなく回答期限です"),
}


def mail_cause(rule: str, event: str = "") -> str:
    """Why a mail of that rule was made by an event of that name, or by none; in the reader's language."""
    causes = (MAIL_CAUSES[key] for key in (f"{rule} {event}", event, rule) if key in MAIL_CAUSES)
    return said(next(causes, _SOMETHING_HAPPENED))


class Trouble(NamedTuple):
    """What does not work, and what whoever reads it can do."""

    what: str
    remedy: str


RELINK = _("本人が「設定」のページを開くと、連携し直し方が分かります。")
_WAIT = _("自動でやり直しています。そのままお待ちください。")
_OPERATOR = _("管理者に、サーバーの設定を確かめるよう伝えてください。")

# By the start of a reason's code.
TROUBLES = {
    "token_": Trouble(_("連携が切れています(アクセスが取り消されたか、期限が切れました)。"), RELINK),
    "not_linked": Trouble(_("連携が切れています。"), RELINK),
    "no_permission": Trouble(_("書き込みの権限がありません。"), RELINK),
    "account_not_found": Trouble(_("連携したアカウントが見つかりません。"), RELINK),
    "calendar_not_found": Trouble(_("カレンダーが見つかりません。"), RELINK),
    "zoom_not_linked": Trouble(_("主催者のZoomが連携されていません。"), RELINK),
    "client_refused": Trouble(_("アプリの登録が無効になっています。"), _OPERATOR),
    "api_not_enabled": Trouble(_("連携先で機能が有効になっていません。"), _OPERATOR),
    "daily_limit": Trouble(
        _("Zoomで1日に発行と変更ができる回数の上限に達しました。"), _("翌日、自動で再開します。")
    ),
    "throttled": Trouble(_("連携先が混み合っています。"), _WAIT),
    "unavailable": Trouble(_("連携先が一時的に使えません。"), _WAIT),
    "unreachable": Trouble(_("連携先につながりません。"), _WAIT),
    "conflict": Trouble(_("連携先で同時に変更がありました。"), _WAIT),
    "busy_unknown": Trouble(_("予定を読み取れませんでした。"), _WAIT),
    "not_answered": Trouble(_("連携先からすぐには応答がなく、確かめられませんでした。"), _WAIT),
    "read_only": Trouble(_("書き込み先のカレンダーに予定を入れる権限がありません。"), RELINK),
    "meeting_under_way": Trouble(_("会議が進行中のため変更できません。"), _WAIT),
    "meetings_left_over": Trouble(
        _("Zoomに、どのアポイントメントのものでもない会議が多数あります。"),
        _("管理者に、「chouseiapo doctor meetings」で確かめてから消すよう伝えてください。"),
    ),
    "gone": Trouble(_("連携先から削除されています。"), _OPERATOR),
    "internal_error": Trouble(_("こちらの不具合で処理できませんでした。"), _OPERATOR),
    "smtp_login_refused": Trouble(_("メールサーバーにサインインできません。"), _OPERATOR),
    "smtp_sender_refused": Trouble(_("メールサーバーが差出人を受け付けません。"), _OPERATOR),
    "smtp_": Trouble(_("メールサーバーにつながりません。"), _WAIT),
    "refused_421": Trouble(_("メールサーバーが、いまは受け付けていません。"), _WAIT),
    "refused_4": Trouble(_("メールサーバーが、いまはこの宛先のメールを受け取れないと答えました。"), _WAIT),
    "refused_": Trouble(
        _("宛先のメールサーバーが受け取りを断りました。"),
        _("アドレスを確かめてください。電話など、ほかの方法でリンクを伝えることもできます。"),
    ),
}
_GIVEN_UP = _("%(days)s日のあいだ試しても送れなかったため、やめました。直っていれば、再送できます。")
_UNKNOWN = Trouble(_("連携先に断られました。"), _OPERATOR)


def trouble(reason: str) -> Trouble:
    """A reason's code in words, in the reader's language."""
    found = next((t for start, t in TROUBLES.items() if reason.startswith(start)), _UNKNOWN)
    return in_words(found)


def mail_refusal(reason: str, tried_for: timedelta) -> Trouble:
    """Why a mail was given up; what was refused for now only was tried for so long before."""
    found = trouble(reason)
    return found if is_for_good(reason) else Trouble(found.what, said(_GIVEN_UP, days=tried_for.days))


def is_for_good(reason: str) -> bool:
    """Whether a mail was refused so that trying again is of no use, which is mostly the address's fault."""
    return reason.startswith("refused_") and not reason.startswith("refused_4")


def in_words(trouble: Trouble) -> Trouble:
    """The same in the reader's language."""
    return Trouble(translate(trouble.what, g.locale), translate(trouble.remedy, g.locale))


def kind(appointment: Appointment) -> str:
    """「Web会議（Zoom）」, "Web meeting (Zoom)"; only a web meeting has a platform."""
    name = said(KINDS[appointment.kind])
    if appointment.kind is not Kind.WEB:
        return name
    return said(_("%(kind)s（%(platform)s）"), kind=name, platform=said(PLATFORMS[appointment.platform]))


def said(sentence: str, **values: object) -> str:
    """A marked sentence in the reader's language."""
    return translate(sentence, g.locale, **values)
