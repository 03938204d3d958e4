"""My settings: which calendar and Zoom account speak for me and how they are, and how mails come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for

from chouseiapo.web.i18n import _
from chouseiapo.web.request import services
from chouseiapo.web.staff import session, words
from chouseiapo.web.staff.cards import card, offers
from chouseiapo.web.staff.frame import is_administrator
from chouseiapo.web.staff.picking import number
from chouseiapo.web.staff.zoom import zoom_card, zoom_done

settings = Blueprint("settings", __name__)
_DONE = {
    "linked": _("もう一度連携しました。待っていた予定は自動で入ります。"),
    "chosen": _("カレンダーの設定を保存しました。"),
    "unlinked": _("カレンダーの連携を解除しました。"),
    "added": _("会議室を追加しました。続けて、この会議室のカレンダーを連携できます。"),
}


@settings.get("/settings")
@session.signed_in
def page() -> Any:
    shown = card(g.member)
    return render_template(
        "staff/settings.html",
        card=shown,
        offers=offers(besides=shown.provider, for_all=is_administrator()),
        zoom=zoom_card(g.member),
        done_zoom=zoom_done(request.args),
        saved="saved" in request.args,
        reminder_at=services().reminders.hour(),
        **said_of(request.args),
    )


@settings.post("/settings/mails")
@session.signed_in
def choose_mails() -> Any:
    """How one's own mails read: their language, the zone of their times, and their format."""
    form, app = request.form, services().coordination
    locality = form.get("locale", ""), form.get("time_zone", "")
    app.choose_locality(g.member.id, *locality, session.command("locality"), g.now)
    app.choose_mail_format(g.member.id, form.get("format") == "text", session.command("format"), g.now)
    return redirect(url_for("settings.page", saved=1, _anchor="mails"), 303)


def said_of(asked: Mapping[str, str]) -> dict[str, Any]:
    """What was just done with a calendar, and how many entries were out of our reach then."""
    left = asked.get("left", "")
    return {
        "done": words.said(_DONE[asked["done"]]) if asked.get("done") in _DONE else "",
        "left": number(left) or 0,
    }
