"""Why an account could not be linked, in words: what happened, what was kept, what to do."""

from __future__ import annotations

from typing import NamedTuple

from chouseiapo.web.i18n import _
from chouseiapo.web.staff import words


class Refusal(NamedTuple):
    """What a page of refusal says; `hint` is for those whom the rest did not help."""

    title: str
    what: str
    remedy: str
    hint: str = ""


def refusal(provider: str, why: str) -> Refusal:
    """By the reason's code, in the reader's language; an unknown one is the vendor's."""
    found = _OF_ZOOM.get(why) if provider == "zoom" else None
    found = found or _REFUSALS.get(why, _REFUSALS["vendor_refused"])
    hint = _ADMIN_CONSENT if (provider, why) == ("microsoft", "denied") else found.hint
    vendor = words.said(words.VENDORS[provider])
    title, what, remedy = (words.said(text, vendor=vendor) for text in found[:3])
    return Refusal(title, what, remedy, words.said(hint) if hint else "")


_NOTHING_CHANGED = _("何も変更していません。もう一度試すと、%(vendor)sの画面に進みます。")
_ADMIN_CONSENT = _(
    "「管理者の承認が必要」と表示されたときは、Microsoft 365の管理者に、このアプリの承認を頼んでください。"
)
_STALE = Refusal(
    _("この手続きは続けられません"),
    _("始めてから10分が過ぎたか、すでに終わった手続きか、別のブラウザーで開かれました。"),
    _NOTHING_CHANGED,
)
_REFUSALS = {
    "denied": Refusal(
        _("連携は許可されませんでした"),
        _("%(vendor)sの画面で、許可されなかったか、途中で取りやめられました。"),
        _NOTHING_CHANGED,
    ),
    "stale": _STALE,
    "code_refused": _STALE,
    "no_permission": Refusal(
        _("予定を書き込む許可がありません"),
        _("%(vendor)sの画面で、カレンダーに予定を入れる項目が許可されていませんでした。"),
        _("受け取った許可は破棄しました。もう一度試し、%(vendor)sの画面ですべての項目を許可してください。"),
    ),
    "unreachable": Refusal(
        _("%(vendor)sにつながりません"),
        _("いま、%(vendor)sのサインインから応答がありません。"),
        _("何も変更していません。しばらくしてから、もう一度お試しください。"),
    ),
    "client_refused": Refusal(
        _("アプリの登録が無効になっています"),
        _("%(vendor)sが、この調整アポの登録を受け付けませんでした。"),
        _("管理者に、クライアントIDとシークレットの設定を確かめるよう伝えてください。"),
    ),
    "vendor_refused": Refusal(
        _("%(vendor)sがエラーを返しました"),
        _("%(vendor)sの画面で、連携を続けられない問題が起きました。"),
        _NOTHING_CHANGED,
        _("続くときは、管理者にリダイレクトURIとスコープの登録を確かめるよう伝えてください。"),
    ),
}
_OF_ZOOM = {
    "denied": Refusal(
        _("連携は許可されませんでした"),
        _("%(vendor)sの画面で、許可されなかったか、途中で取りやめられました。"),
        _NOTHING_CHANGED,
        _(
            "「アプリを承認できません」と表示されたときは、同じ画面で事前承認を依頼し、承認のメールが届いてから、もう一度お試しください。"
        ),
    ),
    "no_permission": Refusal(
        _("会議を発行する許可がありません"),
        _("%(vendor)sのアプリの登録に、会議の作成・変更・削除に必要な項目が足りません。"),
        _("受け取った許可は破棄しました。管理者に、Zoomのアプリのスコープを確かめるよう伝えてください。"),
    ),
}
