"""What a mail about a linked account may tell: which account, what is wrong with it, and where to go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from chouseiapo import wording
from chouseiapo.config import Settings
from chouseiapo.domain.links import Link, Provider
from chouseiapo.mail_facts import Recipient

# Google ends the consents of an app that is still being tested after seven days; the break is
# noticed up to a day later, and a day of tolerance before.
# https://developers.google.com/identity/protocols/oauth2#expiration
GOOGLE_WEEK = (timedelta(days=6), timedelta(days=8))
_NAMES = {
    Provider.GOOGLE: {"ja": "Googleカレンダー", "en": "Google Calendar"},
    Provider.MICROSOFT: {"ja": "Outlook", "en": "Outlook"},
    Provider.CALDAV: {"ja": "CalDAVカレンダー", "en": "CalDAV"},
    Provider.ZOOM: {"ja": "Zoom", "en": "Zoom"},
}


class LinkRule(StrEnum):
    """What happened to an account that a mail tells of; with member_ before it, a folder of templates."""

    LINK_BROKEN = "link_broken"
    VANISHED = "vanished"
    LINK_MOVED = "link_moved"
    DEAUTHORIZED = "deauthorized"


@dataclass(frozen=True, kw_only=True)
class LinkFacts:
    """The link as it was when that happened; `room`: whose it is, empty for the reader's own. count: how
    many entries have disappeared. url: where the reader goes on. of_organization: it made the account one of
    the organization's hosts. by_organization: the account is one of those now."""

    link: Link
    at: datetime
    url: str
    room: str = ""
    count: int = 0
    of_organization: bool = False
    by_organization: bool = False

    @property
    def refused(self) -> bool:
        """Whether it is the consent itself that does not hold any more."""
        return self.link.broken.startswith("token_")


def is_google_week(link: Link, at: datetime) -> bool:
    """Whether a link that broke then did so because Google's week for unpublished apps was over."""
    if not _refused_by_google(link):
        return False
    least, most = GOOGLE_WEEK
    is_over = link.ends_at is not None and link.ends_at <= at
    return is_over or least <= at - link.linked_at <= most


def is_google_revoked(link: Link, at: datetime) -> bool:
    """Whether it broke so early that hardly anything is left but that somebody took the consent back."""
    return _refused_by_google(link) and at - link.linked_at < GOOGLE_WEEK[0] and not is_google_week(link, at)


def _refused_by_google(link: Link) -> bool:
    return link.provider is Provider.GOOGLE and link.broken == "token_refused"


def link_words(reader: Recipient, facts: LinkFacts, settings: Settings, now: datetime) -> dict[str, Any]:
    """The names that the templates know; the reader has a locale and a zone."""
    link, today = facts.link, now.astimezone(ZoneInfo(reader.time_zone)).date()
    return {
        "locale": reader.locale,
        "company": settings.company,
        "room": facts.room,
        "provider": link.provider.value,
        "provider_name": _NAMES[link.provider][reader.locale],
        "account": link.account,
        "since": wording.moment(facts.at, reader.time_zone, reader.locale, today),
        "refused": facts.refused,
        "google_week": is_google_week(link, facts.at),
        "google_revoked": is_google_revoked(link, facts.at),
        "count": facts.count,
        "of_organization": facts.of_organization,
        "by_organization": facts.by_organization,
        "url": facts.url,
    }
