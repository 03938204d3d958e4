"""Calendar feeds: the address that a member's calendar app reads, and the settings that give or take it.

A feed knows no session and no cookie: whoever has the address is its reader.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, cast

import msgspec
from flask import Blueprint, Flask, Response, current_app, g, redirect, request, url_for
from werkzeug.http import is_resource_modified

from chouseiapo.bootstrap import Services
from chouseiapo.domain.errors import DomainError, NotFound, Revoked
from chouseiapo.domain.member import Member
from chouseiapo.web import limits
from chouseiapo.web.errors import Refused, answer_to
from chouseiapo.web.i18n import translate
from chouseiapo.web.messages import REFUSALS
from chouseiapo.web.request import services
from chouseiapo.web.staff import session
from projections.feed import Feed, Feeds

feeds = Blueprint("feeds", __name__)
feed_settings = Blueprint("feed_settings", __name__)
FRESH_S = 300


class Sent(msgspec.Struct, frozen=True):
    """What of a feed is remembered: what it was made of, and which bytes that gave, since when."""

    made_of: str
    etag: str
    since: datetime


class Reader:
    """Feeds, and for each member what was sent last: nothing is put together for who has it already.

    Kept per web process, and of the content only its digest.
    """

    def __init__(self, given: Services) -> None:
        self._feeds = Feeds(given.coordination, given.rows, given.entry_writer, given.settings)
        self._sent: dict[str, Sent] = {}

    def answer(self, member: Member, now: datetime) -> Response:
        """The calendar, or 304 for a request that names the very same one."""
        feed = self._feeds.of(member, now)
        known = self._sent.get(member.id)
        if known is not None and known.made_of == feed.digest and not _is_modified(known):
            return _response(known)
        content = self._feeds.calendar(feed)
        return _response(self._remember(feed, content, now), content)

    def _remember(self, feed: Feed, content: bytes, now: datetime) -> Sent:
        etag, before = hashlib.sha256(content).hexdigest()[:32], self._sent.get(feed.member.id)
        since = before.since if before and before.etag == etag else now
        sent = self._sent[feed.member.id] = Sent(feed.digest, etag, since)
        return sent


def install(app: Flask, given: Services) -> None:
    """The routes, and what the settings page needs to show the address."""
    app.extensions["feeds"] = Reader(given)
    app.register_blueprint(feeds)
    app.register_blueprint(feed_settings)
    app.jinja_env.globals["feed_url"] = lambda: given.feed_links.url(g.member.id, g.member.feed)


@feeds.get("/feeds/<secret>.ics")
def calendar(secret: str) -> Response:
    member = _member_behind(secret)
    return cast(Reader, current_app.extensions["feeds"]).answer(member, g.now)


def _member_behind(secret: str) -> Member:
    """The member whose feed a secret opens; raises NotFound for an unknown one, Revoked for an older one."""
    link = services().feed_links.read(secret)
    if link is None:
        limits.hit(limits.UNKNOWN_LINKS, limits.address())
        raise NotFound
    member = services().coordination.member(link.id)
    if link.generation != member.feed:
        raise Revoked
    return member


def _is_modified(sent: Sent) -> bool:
    return is_resource_modified(request.environ, etag=f'"{sent.etag}"', last_modified=sent.since)


def _response(sent: Sent, content: bytes = b"") -> Response:
    response = Response(content, content_type="text/calendar; charset=utf-8")
    response.headers["Cache-Control"] = f"private, max-age={FRESH_S}"
    response.headers["Content-Disposition"] = 'inline; filename="chouseiapo.ics"'
    response.headers["Referrer-Policy"] = "no-referrer"
    response.set_etag(sent.etag)
    response.last_modified = sent.since
    return cast(Response, response.make_conditional(request))


@feeds.errorhandler(DomainError)
@feeds.errorhandler(Refused)
def refuse(error: Exception) -> Response:
    """A sentence is enough for a calendar app; a page of the staff's would look for a session."""
    found = answer_to(error)
    sentence = translate(REFUSALS[found.code], g.locale)
    return Response(f"{sentence}\n", found.status, found.headers, content_type="text/plain; charset=utf-8")


@feed_settings.post("/settings/feed")
@session.signed_in
def issue() -> Any:
    """Give the feed an address, or another one: the one before answers nothing from now on."""
    services().coordination.issue_feed(g.member.id, session.command(), g.now)
    return _back("issued")


@feed_settings.post("/settings/feed/revoke")
@session.signed_in
def revoke() -> Any:
    services().coordination.revoke_feed(g.member.id, session.command(), g.now)
    return _back("revoked")


def _back(done: str) -> Any:
    return redirect(url_for("settings.page", feed=done, _anchor="feed"), 303)
