"""One's own Zoom: the card in the settings, what to know before going to Zoom, and unlinking it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from flask import Blueprint, g, redirect, render_template, request, url_for

from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.errors import NotFound
from chouseiapo.domain.ids import link_owner
from chouseiapo.domain.links import Leaving, Link, Provider
from chouseiapo.domain.member import Member
from chouseiapo.domain.organization import ORGANIZATION
from chouseiapo.web.i18n import _
from chouseiapo.web.request import may_see, services
from chouseiapo.web.staff import people, session, words
from chouseiapo.web.staff.frame import moment, title_of, when
from chouseiapo.web.staff.linking import ZOOM, home
from chouseiapo.web.staff.zoom_linking import lost, moved_from, was_begun
from projections.host_writes import next_midnight, written
from projections.meetings import LEDGER, hosted_through
from projections.standing import failing

zoom = Blueprint("zoom", __name__)
# How many of the meetings to come are named.
MOST_NAMED = 5
PATIENCE = timedelta(minutes=5)
LACKING = ("CHOUSEIAPO_ZOOM_CLIENT_ID", "CHOUSEIAPO_ZOOM_CLIENT_SECRET")


class Budget(msgspec.Struct, frozen=True):
    """How many meetings were made or changed today, of how many; and until when that counts."""

    used: int
    most: int
    until: str

    @property
    def is_short(self) -> bool:
        return self.used * 5 >= self.most * 4


class ZoomCard(msgspec.Struct, frozen=True):
    """state: linked, attention, broken or none. `unlinked`: how the account was lost, in words; `waiting`:
    somebody went to Zoom and did not come back; `hosts`: how many of the organization's serve instead.
    `lacking`: the settings without which nothing can be linked.
    """

    state: str
    account: str = ""
    plan: str = ""
    since: str = ""
    what: str = ""
    remedy: str = ""
    budget: Budget | None = None
    unlinked: str = ""
    waiting: bool = False
    hosts: int = 0
    lacking: Sequence[str] = ()


class Coming(msgspec.Struct, frozen=True):
    """A meeting to come."""

    id: str
    title: str
    when: str


def zoom_card(member: Member) -> ZoomCard:
    """The card of one's own Zoom account."""
    lacking = () if ZOOM in services().consents else LACKING
    link = member.zoom
    if link is None:
        hosts = len(services().coordination.organization().hosts)
        found, waiting = lost(member.id), was_begun()
        unlinked = _lost(found.event.at, found.to) if found else ""
        return ZoomCard("none", unlinked=unlinked, waiting=waiting, hosts=hosts, lacking=lacking)
    state, what, remedy, since = _health(link)
    return ZoomCard(
        state,
        link.account,
        link.plan,
        moment(since) if since else "",
        what,
        remedy,
        _budget(link.id),
        lacking=lacking,
    )


def zoom_done(asked: Mapping[str, str]) -> list[str]:
    """What was just done with it, sentence by sentence."""
    done = asked.get("done", "")
    if done not in _DONE:
        return []
    said = [words.said(_DONE[done])]
    if "was" in asked:
        said += _left_behind(asked["was"])
    if other := moved_from(g.member.id):
        sentence = _FROM_ORGANIZATION if other == ORGANIZATION else _FROM
        whose = "" if other == ORGANIZATION else people.addressed(other)
        said.append(words.said(sentence, whose=whose))
    return said


@zoom.get("/settings/zoom/link")
@session.signed_in
def before_linking() -> Any:
    """What Zoom will ask for, and what to do where an administrator has to approve it first."""
    if ZOOM not in services().consents:
        raise NotFound
    link = g.member.zoom
    coming = len(coming_meetings(link.id)) if link else 0
    return render_template("staff/zoom_linking.html", zoom=zoom_card(g.member), coming=coming)


@zoom.get("/settings/zoom/unlink")
@session.signed_in
def before_unlinking() -> Any:
    link = g.member.zoom
    if link is None:
        return home("", ZOOM)
    coming = coming_meetings(link.id)
    return render_template(
        "staff/zoom_unlinking.html",
        link=link,
        count=len(coming),
        named=coming[:MOST_NAMED],
    )


@zoom.post("/settings/zoom/unlink")
@session.signed_in
def unlink() -> Any:
    """Sent twice it is done once: what is not linked any more has nothing to be unlinked."""
    link = g.member.zoom
    if link is not None and link.id == request.form.get("link", ""):
        # What a broken account hosts is out of our reach.
        remove = request.form.get("leave") == Leaving.REMOVE and not link.broken
        leave = Leaving.REMOVE if remove else Leaving.KEEP
        services().coordination.unlink_account(g.member.id, Provider.ZOOM, session.command(), g.now, leave)
        return home("", ZOOM, done="zoom_removed" if remove else "zoom_unlinked")
    return redirect(url_for("settings.page", _anchor=ZOOM), 303)


def coming_meetings(link: str) -> list[Coming]:
    """The meetings to come that the account hosts, the next first."""
    found = (services().coordination.appointment(id) for id in hosted_through(services().rows, link, g.now))
    standing = [(fixed, a) for a in found if _is_hosted(a, link) and (fixed := a.coming(g.now))]
    return [
        Coming(a.id, title_of(a) if may_see(g.member, a) else "", when(fixed))
        for fixed, a in sorted(standing, key=lambda each: (each[0].start, each[1].id))
    ]


def _left_behind(link: str) -> list[str]:
    """What became of the meetings of one's own account that was there before."""
    left = len(coming_meetings(link)) if link_owner(link) == g.member.id else 0
    return [words.said(_WAS, n=left)] if left else []


def _is_hosted(appointment: Appointment, link: str) -> bool:
    return (
        appointment.meeting is not None
        and appointment.conference.host == link
        and not appointment.is_over(g.now)
    )


def _health(link: Link) -> tuple[str, str, str, datetime | None]:
    """The state, what is wrong, what to do about it, and since when it is so."""
    if link.broken:
        return "broken", words.trouble(link.broken).what, words.said(_LINK_AGAIN), link.broken_since
    late = failing(services().rows, [link.id], LEDGER).get(link.id)
    if late is not None and g.now - late.since >= PATIENCE:
        told = words.trouble(late.reason)
        return "attention", told.what, told.remedy, late.since
    if link.missing:
        missing = " ".join(words.said(_MISSING.get(scope, _MISSING_OTHER)) for scope in link.missing)
        return "attention", missing, words.said(_ASK_FOR_SCOPES), None
    return "linked", "", "", None


def _budget(link: str) -> Budget:
    used, most = written(services().rows, link, g.now), services().conferencing.writes_a_day
    return Budget(used, most, moment(next_midnight(g.now)))


def _lost(at: datetime, to: str) -> str:
    if not to:
        return words.said(_REMOVED_AT_ZOOM, moment=moment(at))
    if to == ORGANIZATION:
        return words.said(_TO_ORGANIZATION, moment=moment(at))
    return words.said(_TO, moment=moment(at), whose=people.addressed(to))


_DONE = {
    "zoom": _("Zoomと連携しました。日時が決まると、あなたのZoomで会議を発行します。"),
    "zoom_again": _("Zoomともう一度連携しました。待っていた会議は自動で発行されます。"),
    "zoom_unlinked": _(
        "Zoomの連携を解除しました。これからの会議はZoomに残っています。もう一度連携すると、管理も元に戻ります。"
    ),
    "zoom_removed": _(
        "Zoomの連携を解除しました。これからの会議は削除され、お客様には新しいURLをあとでお送りすることをお知らせします。"
    ),
}
_WAS = _(
    "以前のアカウントの会議%(n)s件はZoomに残っていますが、もう管理していません。予定のページでURLを再発行すると、いまのアカウントの会議に替わります。"
)
_FROM = _(
    "このZoomアカウントは%(whose)sに連携されていました。その連携は解除され、本人にメールでお知らせします。"
)
_FROM_ORGANIZATION = _("このZoomアカウントは会社のホストでした。会社のホストからは外れました。")
_TO = _("%(moment)sに、このZoomアカウントは%(whose)sに連携されたため、あなたの連携は解除されました。")
_TO_ORGANIZATION = _(
    "%(moment)sに、このZoomアカウントは会社のホストになったため、あなたの連携は解除されました。"
)
_REMOVED_AT_ZOOM = _("%(moment)sに、Zoomの側でこのアプリが削除されたため、連携は解除されました。")
_LINK_AGAIN = _("もう一度連携すると直り、待っていた会議は自動で発行されます。")
_MISSING = {
    "user:read:settings": _("アカウントのパスコードの決まりを読む許可がありません。"),
    "meeting:write:registrant": _("お客様をZoomに登録する許可がありません。"),
}
_MISSING_OTHER = _("許可されていない項目があります。")
_ASK_FOR_SCOPES = _(
    "管理者がZoom App Marketplaceのアプリにスコープを加えたあとで、もう一度連携してください。"
)
