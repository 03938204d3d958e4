"""Every mail with sample data, for administrators, and what is wrong with their own templates."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, g, render_template, request, url_for

from chouseiapo.domain.errors import NotFound
from chouseiapo.domain.proposal import LOCALES
from chouseiapo.mail import Mails
from chouseiapo.mail_facts import SIGN_IN
from chouseiapo.mail_overrides import Fault, find_faults, override_files
from chouseiapo.mail_preview import names, preview
from chouseiapo.web.i18n import _
from chouseiapo.web.request import services
from chouseiapo.web.staff import session, words
from chouseiapo.web.staff.frame import administrators_only
from chouseiapo.web.staff.mail_view import framed, shown

mail_preview = Blueprint("mail_preview", __name__)
_SIDES = {"guest": _("お客様へのメール"), "member": _("社員へのメール"), SIGN_IN: _("サインイン")}
_FAULTS = {
    "no_folder": _("フォルダーがありません。"),
    "unknown_file": _("この名前のファイルを使うメールはありません。"),
    "unreadable": _("UTF-8のテキストとして読めません。"),
    "syntax": _("書き方に誤りがあります: %(name)s"),
    "unknown_name": _("%(name)s という名前は使えません。"),
    "failed": _("見本のデータで作成できません: %(name)s"),
}


class Sample(msgspec.Struct, frozen=True):
    """One mail of the list: its page, what it tells of, and the folder of its templates."""

    page: str
    label: str
    folder: str
    is_wrong: bool


class FaultShown(msgspec.Struct, frozen=True):
    place: str
    what: str
    known: tuple[str, ...]
    is_file: bool


@mail_preview.get("/mail-previews")
@session.signed_in
def page() -> Any:
    administrators_only()
    asked = request.args.get("language", "")
    language = asked if asked in LOCALES else g.locale
    settings = services().settings
    faults = find_faults(settings, g.now)
    folder = settings.mail_templates
    return render_template(
        "staff/mail_previews.html",
        groups=_groups(language, {fault.file.rpartition("/")[0] for fault in faults}),
        languages=LOCALES,
        language=language,
        faults=[_shown(fault) for fault in faults],
        folder=str(folder or ""),
        own=len(override_files(folder)) if folder and folder.is_dir() else 0,
    )


@mail_preview.get("/mail-previews/<language>/<mail>")
@session.signed_in
def mail_page(language: str, mail: str) -> Any:
    name = _known(language, mail)
    side, label = _side_and_label(mail)
    other = next(each for each in LOCALES if each != language)
    return render_template(
        "staff/mail_preview.html",
        mail=shown(_rendered(name)),
        name=name,
        side=side,
        label=label,
        language=language,
        other=url_for("mail_preview.mail_page", language=other, mail=mail),
        part="text" if request.args.get("part") == "text" else "html",
        faults=[_shown(fault) for fault in find_faults(services().settings, g.now) if _concerns(fault, name)],
    )


@mail_preview.get("/mail-previews/<language>/<mail>/html")
@session.signed_in
def mail_frame(language: str, mail: str) -> Any:
    return framed(_rendered(_known(language, mail)))


def _known(language: str, mail: str) -> str:
    administrators_only()
    if f"{language}/{mail}" not in names():
        raise NotFound
    return f"{language}/{mail}"


def _rendered(name: str) -> Any:
    """From the files as they are now, not as they were when the process started."""
    return preview(Mails(services().settings), name, g.now)


def _groups(language: str, wrong: set[str]) -> dict[str, list[Sample]]:
    """The mails of a language by whom they go to."""
    found: dict[str, list[Sample]] = {}
    for name in names():
        locale, _slash, mail = name.partition("/")
        if locale == language:
            side, label = _side_and_label(mail)
            link = url_for("mail_preview.mail_page", language=locale, mail=mail)
            found.setdefault(side, []).append(Sample(link, label, name, name in wrong))
    return found


def _side_and_label(mail: str) -> tuple[str, str]:
    """Whom a mail goes to, and what it tells of, in words."""
    if mail == SIGN_IN:
        return words.said(_SIDES[SIGN_IN]), words.said(_("サインインのリンク"))
    side, _underscore, rule = mail.partition("_")
    return words.said(_SIDES[side]), words.said(words.MAIL_RULES[rule])


def _concerns(fault: Fault, name: str) -> bool:
    return fault.file.startswith((f"{name}/", f"{name[:2]}/_base/", "_base/"))


def _shown(fault: Fault) -> FaultShown:
    what = words.said(_FAULTS[fault.code], name=fault.name)
    return FaultShown(fault.place, what, fault.known, fault.code == "unknown_file")
