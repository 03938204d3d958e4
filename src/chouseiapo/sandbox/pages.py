"""The pages: the calendars as weeks, the meetings, the inbox."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from chouseiapo.sandbox import words
from chouseiapo.sandbox.mails import Mail
from chouseiapo.sandbox.meetings import Meeting
from chouseiapo.sandbox.rooms import rooms
from chouseiapo.sandbox.site import Moved, Site
from chouseiapo.sandbox.times import TOKYO
from chouseiapo.sandbox.week import coming_monday, monday_of, rules, week
from chouseiapo.sandbox.world import World

MAIL_POLICY = (
    "sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation; "
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
)
NEWEST, MOST_CARDS = 8, 12
VIEWS = ("html", "text", "ics", "raw")
LINE, LINE_PX, FRAME_PX = 34, 36, 260


def language() -> str:
    """?lang=, else what the browser likes best, else Japanese."""
    asked = request.args.get("lang", "")
    return asked if asked in words.LANGUAGES else request.accept_languages.best_match(words.LANGUAGES, "ja")


def pages(site: Site) -> Blueprint:
    routes = Blueprint("pages", __name__, template_folder="templates")
    _helpers(routes, site)
    _overview(routes, site)
    _inbox(routes, site.world)
    _details(routes, site.world)
    rooms(routes, site.world)
    return routes


def _helpers(routes: Blueprint, site: Site) -> None:
    @routes.app_context_processor
    def helpers() -> dict[str, Any]:
        lang = language()
        return {
            "lang": lang,
            "site": site,
            "t": lambda key: words.word(key, lang),
            "span": lambda start, end: words.span(start, end, lang),
            "moment": lambda at: words.moment(at, lang),
            "moved": lambda moved: words.moved(moved.at, moved.reminders, lang),
            "day": lambda at: words.day(at, lang),
            "weekday": lambda at: words.weekday(at, lang),
            "link": link,
            "other_language": other_language(lang),
        }

    @routes.app_errorhandler(404)
    def missing(_: Exception) -> ResponseReturnValue:
        return render_template("problem.html", problem=words.word("not_found", language())), 404

    @routes.get("/sandbox.css")
    def style() -> ResponseReturnValue:
        return Response(_style_sheet(), content_type="text/css; charset=utf-8")

    @routes.get("/icon.svg")
    def icon() -> ResponseReturnValue:
        return Response(_static("icon.svg"), content_type="image/svg+xml")


@lru_cache(maxsize=1)
def _style_sheet() -> str:
    return _static("sandbox.css") + rules()


def _static(name: str) -> str:
    return (files(__package__) / "static" / name).read_text(encoding="utf-8")


def link(endpoint: str, **values: Any) -> str:
    """To a page of ours, in the language that was asked for."""
    if "lang" in request.args:
        values["lang"] = language()
    given = {name: value for name, value in values.items() if value is not None}
    return url_for(endpoint if "." in endpoint else f"pages.{endpoint}", **given)


def other_language(lang: str) -> str:
    """This page, in the other one."""
    other = "en" if lang == "ja" else "ja"
    return f"{request.path}?{urlencode({**request.args.to_dict(), 'lang': other})}"


def _overview(routes: Blueprint, site: Site) -> None:
    world = site.world

    @routes.get("/")
    def overview() -> ResponseReturnValue:
        now = world.now()
        monday = monday_of(_date(request.args.get("week", ""), _first_shown(world, now)))
        with world.lock:
            meetings = coming_first(world, now)
            mails = _newest_first(world)
        return render_template(
            "overview.html",
            week=week(world, monday, now),
            around=_around(monday, coming_monday(now.astimezone(TOKYO).date())),
            live=request.args.get("live") == "1",
            now=now,
            meetings=meetings[:MOST_CARDS],
            meeting_count=len(meetings),
            mails=mails[:NEWEST],
            count=len(mails),
        )

    @routes.post("/morning")
    def morning() -> ResponseReturnValue:
        if site.on_morning is None:
            abort(404)
        reminders = site.on_morning()
        site.moved = Moved(world.now(), reminders)
        return redirect(f"{link('overview')}#clock", 303)


def _date(text: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(text) if text else otherwise
    except ValueError:
        return otherwise


def _first_shown(world: World, now: datetime) -> date:
    """A day of the week to look at first: where something of ours is coming, else the present one."""
    with world.lock:
        entries = [entry for calendar in world.calendars.values() for entry in calendar.live()]
    coming = [entry.start for entry in entries if entry.tag and entry.end > now]
    return min(coming).astimezone(TOKYO).date() if coming else coming_monday(now.astimezone(TOKYO).date())


def _around(monday: date, present: date) -> dict[str, str]:
    """Weeks to go to, as addresses name them."""
    week = timedelta(days=7)
    mondays = {"previous": monday - week, "this": monday, "next": monday + week, "present": present}
    return {name: of.isoformat() for name, of in mondays.items()}


def coming_first(world: World, now: datetime) -> list[Meeting]:
    """The coming ones first, then those that are over."""
    return sorted(world.meetings.by_id.values(), key=lambda each: (each.end < now, each.start))


def _newest_first(world: World) -> list[tuple[int, Mail]]:
    return list(enumerate(world.mails, 1))[::-1]


def _inbox(routes: Blueprint, world: World) -> None:
    @routes.get("/inbox")
    def inbox() -> ResponseReturnValue:
        with world.lock:
            mails = _newest_first(world)
        return render_template("inbox.html", mails=mails, count=len(mails))

    @routes.get("/inbox/<int:number>")
    def mail(number: int) -> ResponseReturnValue:
        found = _mail(world, number)
        first = next((name for name in ("html", "text", "ics") if getattr(found, name)), "raw")
        view = request.args.get("view", first)
        if view not in VIEWS:
            abort(404)
        content = found.raw.decode("utf-8", "replace") if view == "raw" else getattr(found, view)
        return render_template(
            "mail.html",
            mail=found,
            number=number,
            view=view,
            views=VIEWS,
            content=content,
            height=_height(found),
        )

    @routes.get("/inbox/<int:number>/html")
    def mail_html(number: int) -> ResponseReturnValue:
        """In a frame of its own, without scripts, and whose links leave the frame."""
        html = _outward(_mail(world, number).html)
        response = Response(html, content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = MAIL_POLICY
        return response


def _mail(world: World, number: int) -> Mail:
    if not 1 <= number <= len(world.mails):
        abort(404)
    return world.mails[number - 1]


def _height(mail: Mail) -> int:
    """Pixels that its HTML needs on a phone, guessed by its text: nobody may measure inside the frame."""
    lines = sum(1 + len(line) // LINE for line in mail.text.splitlines() if line.strip())
    return FRAME_PX + LINE_PX * lines


def _outward(html: str) -> str:
    """A link of a mail opens beside the inbox, as in every mail program."""
    base = '<base target="_blank">'
    if found := re.search(r"<head[^>]*>", html, re.I):
        return html[: found.end()] + base + html[found.end() :]
    return base + html


def _details(routes: Blueprint, world: World) -> None:
    @routes.get("/calendars/<calendar_id>/<id>")
    def entry(calendar_id: str, id: str) -> ResponseReturnValue:
        """One entry, with everything the vendor holds."""
        calendar = world.calendars.get(calendar_id)
        found = calendar.entries.get(id) if calendar else None
        if found is None or found.deleted:
            abort(404)
        week = monday_of(_local(found.start))
        return render_template("entry.html", calendar=calendar, entry=found, week=week)


def _local(at: datetime) -> date:
    return at.astimezone(TOKYO).date()
