"""The card of a member's or room's calendar: which it is, how it is, and the one thing to do about it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from flask import g

from chouseiapo.accounts.caldav import server
from chouseiapo.domain.links import Link, Linkable, Provider
from chouseiapo.ports import PortError
from chouseiapo.web.i18n import _
from chouseiapo.web.request import services
from chouseiapo.web.staff import words
from chouseiapo.web.staff.health import BUILT_IN, Health, health
from projections.standing import Standing, failing, standing, to_be_cleared


class Offer(msgspec.Struct, frozen=True):
    """A kind of calendar that can be linked; `lacking`: the settings without which it can't."""

    provider: str
    name: str
    about: str
    button: str
    lacking: tuple[str, ...] = ()


class Clearing(msgspec.Struct, frozen=True):
    """A calendar that was unlinked and still holds so many entries that have to go."""

    name: str
    left: int


class Card(msgspec.Struct, frozen=True):
    """`room` is empty for one's own; `target`: the calendar that entries go to, by name; `server`: the host,
    where that is not known by the kind of calendar.
    """

    room: str
    name: str
    health: Health
    link: str = ""
    provider: str = ""
    account: str = ""
    server: str = ""
    target: str = ""
    counted: int = 1
    standing: Standing = Standing()
    clearing: Sequence[Clearing] = ()

    @property
    def is_linked(self) -> bool:
        return self.health.state != BUILT_IN


def card(owner: Linkable, room: str = "") -> Card:
    """The card of a member's own calendar, or of a room's."""
    link, rows = owner.calendar, services().rows
    left = [Clearing(_name(id), to_be_cleared(rows, id, leave)) for id, leave in owner.left.items()]
    clearing = [each for each in left if each.left]
    if link is None:
        return Card(room, words.said(words.BUILT_IN), Health(BUILT_IN), clearing=clearing)
    return Card(
        room,
        _name(link.id),
        health_of(link),
        link=link.id,
        provider=link.provider.value,
        account=link.account,
        server=_server(link),
        target=link.name or link.calendar or (words.said(_NOT_YET) if room and not link.chosen else ""),
        counted=len(link.busy_calendars),
        standing=standing(rows, link.id, g.now),
        clearing=clearing,
    )


def health_of(link: Link | None) -> Health:
    """How a link is at this moment."""
    return healths_of([link])[0]


def healths_of(links: Sequence[Link | None]) -> list[Health]:
    """The same of many, in one read."""
    found = failing(services().rows, [link.id for link in links if link])
    return [health(link, found.get(link.id) if link else None, g.now) for link in links]


def offers(besides: str = "", for_all: bool = False) -> list[Offer]:
    """What can be linked, but for one; what the settings lack the means for only `for_all`."""
    found = [
        Offer(provider, words.said(words.PROVIDERS[provider]), words.said(about), words.said(button), lacking)
        for provider, about, button, lacking in _offered()
        if provider != besides
    ]
    return [each for each in found if for_all or not each.lacking]


def _offered() -> list[tuple[str, str, str, tuple[str, ...]]]:
    consents = services().consents
    with_app = [
        (provider, about, button, () if provider in consents else needed)
        for provider, (about, button, needed) in _WITH_APP.items()
    ]
    has_caldav = Provider.CALDAV.value in services().calendars
    return [*with_app, *([(Provider.CALDAV.value, *_CALDAV, ())] if has_caldav else [])]


def _server(link: Link) -> str:
    if link.provider is not Provider.CALDAV:
        return ""
    try:
        return server(services().vault.grant(link.id))
    except PortError:  # nothing is kept of it, or with a key that is no longer known
        return ""


def _name(link: str) -> str:
    return words.said(words.PROVIDERS.get(link.partition("-")[0], words.BUILT_IN))


_NOT_YET = _("まだ選ばれていません")
_WITH_APP = {
    Provider.GOOGLE.value: (
        _("Google Workspace、または個人のGoogleアカウント"),
        _("Googleと連携する"),
        ("CHOUSEIAPO_GOOGLE_CLIENT_ID", "CHOUSEIAPO_GOOGLE_CLIENT_SECRET"),
    ),
    Provider.MICROSOFT.value: (
        _("Microsoft 365の職場または学校のアカウント"),
        _("Microsoftと連携する"),
        ("CHOUSEIAPO_MICROSOFT_CLIENT_ID", "CHOUSEIAPO_MICROSOFT_CLIENT_SECRET"),
    ),
}
_CALDAV = (_("Nextcloud、iCloud、Fastmailなど。アプリ用パスワードを使います"), _("CalDAVと連携する"))
