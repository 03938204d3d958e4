"""What web meetings are like, as a form: one choice an option, which names what counts without it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

import msgspec

from chouseiapo.domain.errors import Problem
from chouseiapo.domain.meeting_options import JoinBeforeHost, MeetingOptions, Recording, layered
from chouseiapo.web.i18n import _
from chouseiapo.web.request import services
from chouseiapo.web.staff import words

FOLLOW_ORGANIZER = _("主催者の設定に従う(%(value)s)")
PREFIX = "option-"
YES, NO = "yes", "no"
_HAS = {YES: _("あり"), NO: _("なし")}
_ON = {YES: _("オン"), NO: _("オフ")}


class Kind(msgspec.Struct, frozen=True):
    """An option: its name, what can be chosen by the form's word for it, and what has to be known."""

    label: str
    values: Mapping[str, str]
    help: str = ""
    type: type[StrEnum] | None = None


class Row(msgspec.Struct, frozen=True):
    """An option in a form. `value`: what this layer says, empty where it leaves it to the one below, which
    `follows` words; `note`: why something else counts all the same."""

    name: str
    label: str
    value: str
    follows: str
    choices: Mapping[str, str]
    help: str = ""
    note: str = ""


class Group(msgspec.Struct, frozen=True):
    label: str
    rows: tuple[Row, ...]


class Changed(msgspec.Struct, frozen=True):
    """An option that a meeting was not made with; `way_in`: with it the URL or the passcode changes."""

    label: str
    was: str
    now: str
    way_in: bool


def read_options(form: Mapping[str, str]) -> MeetingOptions:
    """The layer that a form says; what no page of ours offers counts as nothing said."""
    said: dict[str, Any] = {}
    for field, kind in _KINDS.items():
        text = form.get(f"{PREFIX}{field}", "")
        if text in kind.values:
            said[field] = kind.type(text) if kind.type else text == YES
    return MeetingOptions(**said)


def below(organizer: str) -> MeetingOptions:
    """What counts for an appointment of that organizer unless it says something else; nobody may lead yet."""
    app = services().coordination
    own = app.member(organizer).meeting_options if organizer else MeetingOptions()
    return layered(own, app.organization().meeting_options)


def groups(layer: MeetingOptions, below: MeetingOptions, follow: str) -> list[Group]:
    """The form of a layer over all those `below`; `follow` words that it leaves it to them."""
    return [
        Group(words.said(label), tuple(_row(field, layer, below, follow) for field in fields))
        for label, fields in _GROUPS
    ]


def says_something(layer: MeetingOptions) -> bool:
    return layer != MeetingOptions()


def changed(before: MeetingOptions, now: MeetingOptions) -> list[Changed]:
    """What differs between the options that a meeting has and those that count by now."""
    return [
        Changed(
            words.said(kind.label),
            value_in_words(field, before),
            value_in_words(field, now),
            way_in=field in ("passcode", "registration"),
        )
        for field, kind in _KINDS.items()
        if field != "automatic" and getattr(before, field) != getattr(now, field)
    ]


def summary(options: MeetingOptions) -> list[str]:
    """What is said, an option each: 「待機室: あり」."""
    return [
        words.said(
            _("%(what)s: %(value)s"), what=words.said(kind.label), value=value_in_words(field, options)
        )
        for field, kind in _KINDS.items()
        if getattr(options, field) is not None
    ]


def problems_at(problems: Iterable[Problem]) -> dict[str, Problem]:
    """By the form's fields."""
    return {PREFIX + problem.field.rpartition(".")[2]: problem for problem in problems}


def worded(problems: Iterable[Problem]) -> dict[str, Problem]:
    """Those of a proposal that are about options, by the form's fields."""
    return problems_at(p for p in problems if p.field.startswith("meeting_options."))


def value_in_words(field: str, options: MeetingOptions) -> str:
    value = getattr(options, field)
    if value is None:
        return words.said(_("Zoomの設定のまま"))
    return words.said(_KINDS[field].values[_key(value)])


def _key(value: Any) -> str:
    if isinstance(value, bool):
        return YES if value else NO
    return str(value)


def _row(field: str, layer: MeetingOptions, below: MeetingOptions, follow: str) -> Row:
    kind, value = _KINDS[field], getattr(layer, field)
    return Row(
        name=PREFIX + field,
        label=words.said(kind.label),
        value="" if value is None else _key(value),
        follows=words.said(follow, value=value_in_words(field, below)),
        choices={key: words.said(sentence) for key, sentence in kind.values.items()},
        help=words.said(kind.help) if kind.help else "",
        note=_note(field, layer, below),
    )


def _note(field: str, layer: MeetingOptions, below: MeetingOptions) -> str:
    """A waiting room that another layer asks for excludes what is chosen here."""
    if field != "join_before_host":
        return ""
    early = layer.over(below).join_before_host not in (None, JoinBeforeHost.NEVER)
    return words.said(_SHUT_OUT) if early and layered(layer, below).waiting_room else ""


_SHUT_OUT = _("待機室が「あり」なので、いまは「入れない」になります。")
_KINDS = {
    "automatic": Kind(
        _("会議の発行"),
        {YES: _("自動で発行"), NO: _("手動で発行")},
        _("「自動」では、日時が決まるとすぐに発行します。「手動」では、予定のページのボタンで発行します。"),
    ),
    "passcode": Kind(
        _("パスコード"), _HAS, _("「なし」にしても、Zoomのアカウントの決まりで付くことがあります。")
    ),
    "waiting_room": Kind(_("待機室"), _HAS, _("主催者が許可するまで、参加者は待機室で待ちます。")),
    "join_before_host": Kind(
        _("主催者より先の入室"),
        {
            JoinBeforeHost.NEVER: _("入れない"),
            JoinBeforeHost.ANYTIME: _("いつでも入れる"),
            JoinBeforeHost.FIVE: _("開始5分前から"),
            JoinBeforeHost.TEN: _("開始10分前から"),
            JoinBeforeHost.FIFTEEN: _("開始15分前から"),
        },
        _("待機室を使うときは、先に入れません。"),
        JoinBeforeHost,
    ),
    "sign_in": Kind(
        _("Zoomへのサインイン"),
        {YES: _("必要"), NO: _("必要なし")},
        _("「必要」にすると、Zoomのアカウントがない人は参加できません。"),
    ),
    "registration": Kind(
        _("お客様の登録"),
        _HAS,
        _("お客様をZoomに登録し、本人専用の参加URLを送ります。有料のZoomが必要です。"),
    ),
    "host_video": Kind(_("主催者の映像"), _ON, _("入室したときの状態です。")),
    "participant_video": Kind(_("参加者の映像"), _ON, _("入室したときの状態です。")),
    "mute_on_entry": Kind(_("入室時のミュート"), _HAS),
    "recording": Kind(
        _("録画"),
        {
            Recording.NONE: _("しない"),
            Recording.LOCAL: _("パソコンに自動で録画"),
            Recording.CLOUD: _("クラウドに自動で録画"),
        },
        _("録画するときは、お客様にも伝えてください。クラウドの録画には有料のZoomが必要です。"),
        Recording,
    ),
    "summary": Kind(_("AIによる要約"), _HAS),
    "platform_mails": Kind(
        _("Zoomからのメール"), _HAS, _("調整アポのメールとは別に、Zoomからもお知らせが届きます。")
    ),
}
_GROUPS = (
    (_("発行"), ("automatic",)),
    (_("入室"), ("passcode", "waiting_room", "join_before_host", "sign_in", "registration")),
    (_("映像と音声"), ("host_video", "participant_video", "mute_on_entry")),
    (_("記録とお知らせ"), ("recording", "summary", "platform_mails")),
)
