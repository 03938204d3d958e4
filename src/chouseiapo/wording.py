"""How times, places and people read in Japanese and English: one voice for mails, pages and calendar entries.

Instants are aware datetimes, zones IANA names, locales `ja` or `en`. A zone's offset is always that of the
instant shown, never today's. Babel's patterns are spelled out: its own would write 10時00分～11時00分.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec
from babel.dates import format_date, get_timezone_location

from chouseiapo.domain.event import ERASED
from chouseiapo.domain.proposal import Guest, Kind, Meeting, Platform, shown_title
from chouseiapo.domain.recurrence import Frequency, Recurrence
from chouseiapo.domain.slots import Candidate, CandidateState, Slot

_DAYS = {"ja": ("M月d日(EEE)", "y年M月d日(EEE)"), "en": ("EEE, MMM d", "EEE, MMM d, y")}
_AFTER_DAY = {"ja": " ", "en": ", "}
_AHEAD = {"ja": ("本日", "明日"), "en": ("today", "tomorrow")}
_REPEATING = {
    "ja": {
        Frequency.DAILY: ("毎日", "日"),
        Frequency.WEEKDAYS: ("平日毎日", ""),
        Frequency.WEEKLY: ("毎週", "週間"),
        Frequency.MONTHLY: ("毎月", "か月"),
    },
    "en": {
        Frequency.DAILY: ("day", "days"),
        Frequency.WEEKDAYS: ("weekday", ""),
        Frequency.WEEKLY: ("week", "weeks"),
        Frequency.MONTHLY: ("month", "months"),
    },
}
# Babel knows these cities by the zones' former names alone (Asia/Calcutta).
_PLACES = {
    "Asmara": "アスマラ",
    "Atikokan": "アティコーカン",
    "Buenos Aires": "ブエノスアイレス",
    "Catamarca": "カタマルカ",
    "Chuuk": "チューク",
    "Cordoba": "コルドバ",
    "Faroe": "フェロー",
    "Ho Chi Minh": "ホーチミン",
    "Indianapolis": "インディアナポリス",
    "Jujuy": "フフイ",
    "Kathmandu": "カトマンズ",
    "Kolkata": "コルカタ",
    "Kyiv": "キーウ",
    "Louisville": "ルイビル",
    "Mendoza": "メンドーサ",
    "Nuuk": "ヌーク",
    "Pohnpei": "ポンペイ",
    "Yangon": "ヤンゴン",
}
_HONOURED = ("様", "さま", "殿", "先生", "御中")


# When


def slot(start: datetime, end: datetime, zone: str, locale: str, today: date | None = None) -> str:
    """「11月25日(水) 10:00〜11:00」, "Wed, Nov 25, 10:00–11:00"; the second day is named when it differs.

    An end at midnight is 24:00 of the day that ends. Where the clocks change in between, each time carries
    its offset. The year is named when `today` is given and lies in another one.
    """
    return day(start, zone, locale, today) + _AFTER_DAY[locale] + hours(start, end, zone, locale, today)


def hours(start: datetime, end: datetime, zone: str, locale: str, today: date | None = None) -> str:
    """A slot without its first day: 「10:00〜11:00」, "10:00–11:00"."""
    first, last = start.astimezone(_zone(zone)), end.astimezone(_zone(zone))
    opens, closes = _clock(first), _clock(last)
    at_midnight = closes == "00:00" and last.date() - first.date() == timedelta(days=1)
    if at_midnight:
        closes = "24:00"
    if first.utcoffset() != last.utcoffset():
        opens, closes = f"{opens} ({_offset(first)})", f"{closes} ({_offset(last)})"
    if at_midnight or first.date() == last.date():
        return f"{opens}{'〜' if locale == 'ja' else '–'}{closes}"
    finish = _date(last, locale, today) + _AFTER_DAY[locale] + closes
    return f"{opens}{'〜' if locale == 'ja' else ' – '}{finish}"


def days(start: datetime, end: datetime, zone: str, locale: str, today: date | None = None) -> str:
    """Whole days, the end not included: 「11月25日(水) 終日」, "Wed, Nov 25 – Fri, Nov 27"."""
    first, last = day(start, zone, locale, today), day(end - timedelta(minutes=1), zone, locale, today)
    if first != last:
        return f"{first}{'〜' if locale == 'ja' else ' – '}{last}"
    return f"{first} {all_day(locale)}" if locale == "ja" else f"{first} ({all_day(locale)})"


def all_day(locale: str) -> str:
    """What stands where the hours of whole days would."""
    return "終日" if locale == "ja" else "all day"


def day_ahead(start: datetime, zone: str, locale: str, today: date) -> str:
    """The day of a start in a reminder: 本日, 明日 or the date; "today", "tomorrow", "on Wed, Nov 25"."""
    ahead = (start.astimezone(_zone(zone)).date() - today).days
    if ahead in (0, 1):
        return _AHEAD[locale][ahead]
    named = day(start, zone, locale, today)
    return named if locale == "ja" else f"on {named}"


def recurrence(how: Recurrence | None, times: Iterable[Candidate], locale: str) -> str:
    """How something repeats, how often in all, and how many of its times were cancelled: 「毎週、全5回」,
    "every 2 weeks, 5 times, 1 called off"; "" for what does not repeat."""
    if how is None:
        return ""
    every, unit = _REPEATING[locale][how.frequency]
    off = sum(time.state is CandidateState.WITHDRAWN for time in times)
    if locale == "ja":
        often = f"全{how.count}回" + (f"のうち{off}回は取り消し" if off else "")
        return f"{every if how.interval == 1 else f'{how.interval}{unit}ごと'}、{often}"
    often = f"{how.count} times" + (f", {off} cancelled" if off else "")
    return f"every {every if how.interval == 1 else f'{how.interval} {unit}'}, {often}"


def moment(at: datetime, zone: str, locale: str, today: date | None = None) -> str:
    """「11月25日(水) 10:00」, "Wed, Nov 25, 10:00"."""
    return day(at, zone, locale, today) + _AFTER_DAY[locale] + clock(at, zone)


def day(at: datetime, zone: str, locale: str, today: date | None = None) -> str:
    """「11月25日(水)」, "Wed, Nov 25"; with the year as in `slot`."""
    return _date(at.astimezone(_zone(zone)), locale, today)


def clock(at: datetime, zone: str) -> str:
    """09:00 or 14:30: 24 hours and two digits in both languages."""
    return _clock(at.astimezone(_zone(zone)))


def durations(slots: Iterable[Slot], locale: str) -> str:
    """How long a slot takes: 「60分」, "2 h 30 min"; of several, each that occurs: 「30分、60分」."""
    return people((_duration(length, locale) for length in sorted({s.end - s.start for s in slots})), locale)


def _duration(length: timedelta, locale: str) -> str:
    """In minutes up to two hours, which is how meetings are spoken of; in days beyond one."""
    minutes = length // timedelta(minutes=1)
    hours, minutes = divmod(minutes, 60) if minutes >= 120 else (0, minutes)
    days, hours = divmod(hours, 24) if hours > 24 else (0, hours)
    if locale == "ja":
        clock = "".join(f"{n}{unit}" for n, unit in ((hours, "時間"), (minutes, "分")) if n)
        return "と".join(filter(None, (f"{days}日" if days else "", clock)))
    units = ((days, " d"), (hours, " h"), (minutes, " min"))
    return " ".join(f"{n}{unit}" for n, unit in units if n)


def zone_name(zone: str, at: datetime, locale: str) -> str:
    """「東京 (UTC+9)」, "New York (UTC-4)": the zone's city, and the offset that holds at that instant.

    A zone that is no place is its offset alone.
    """
    place, offset = _place(zone, locale), _offset(at.astimezone(_zone(zone)))
    return f"{place} ({offset})" if place else offset


# ZoneInfo remembers the last eight of its kind: a list of places would be read from files each time.
_zone = lru_cache(maxsize=None)(ZoneInfo)


@lru_cache(maxsize=4096)
def _place(zone: str, locale: str) -> str:
    place: str = get_timezone_location(_zone(zone), locale=locale, return_city=True).rpartition("/")[2]
    if place.startswith(("UTC", "GMT")) or zone == "Factory":
        return ""
    return _PLACES.get(place, place) if locale == "ja" else place


def _date(local: datetime, locale: str, today: date | None) -> str:
    return _spelled_date(local.date(), locale, today is not None and today.year != local.year)


@lru_cache(maxsize=4096)
def _spelled_date(on: date, locale: str, with_year: bool) -> str:
    return format_date(on, _DAYS[locale][with_year], locale=locale)


def _clock(local: datetime) -> str:
    return f"{local:%H:%M}"


def _offset(local: datetime) -> str:
    """UTC+9, UTC-3:30; a plain hyphen, so that it can be searched for."""
    minutes = (local.utcoffset() or timedelta()) // timedelta(minutes=1)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")


# Who


def person(name: str, locale: str, *, guest: bool) -> str:
    """A guest is 「山田太郎 様」, a colleague 「田中 一郎さん」; English names stand alone.

    To a guest, one's own colleagues are named without さん: use the bare name there.
    """
    if locale != "ja" or not name or (guest and name.endswith(_HONOURED)):
        return name
    return f"{name} 様" if guest else f"{name}さん"


def people(names: Iterable[str], locale: str) -> str:
    return ("、" if locale == "ja" else ", ").join(names)


def guest_in_text(guest: Guest, locale: str) -> str:
    """「ABC株式会社 山田太郎 様」, "Taro Yamada (ABC Inc.)": as much as is known, the address at least."""
    guest = _in_words(guest, locale)
    name = person(guest.name, locale, guest=True) or guest.email
    if not guest.company or not name:
        return guest.company or name
    return f"{guest.company} {name}" if locale == "ja" else f"{name} ({guest.company})"


def guest_in_subject(guest: Guest, locale: str) -> str:
    """「ABC株式会社:山田太郎様」, "ABC Inc.: Taro Yamada"."""
    guest = _in_words(guest, locale)
    name = person(guest.name, locale, guest=True).replace(" 様", "様") or guest.email
    return (":" if locale == "ja" else ": ").join(filter(None, (guest.company, name)))


def as_read(text: str, locale: str) -> str:
    """Personal words as a reader sees them: the mark of erased ones is in their language."""
    return "(erased)" if locale == "en" and text == ERASED else text


def _in_words(guest: Guest, locale: str) -> Guest:
    return msgspec.structs.replace(guest, name=as_read(guest.name, locale))


def salutation(guest: Guest, locale: str) -> str:
    """How a letter to the guest opens; in Japanese the company stands on a line of its own."""
    if locale == "en":
        return f"Dear {guest.name}," if guest.name else "Hello,"
    name = person(guest.name, locale, guest=True) or ("ご担当者様" if guest.company else "お客様")
    return "\n".join(filter(None, (guest.company, name)))


# What and where

_KINDS = {
    ("ja", True): ("Web会議", "ご来社", "ご訪問", "お電話"),
    ("ja", False): ("Web会議", "来訪", "往訪", "電話"),
    ("en", True): ("web meeting", "visit to our office", "visit to your office", "phone call"),
    ("en", False): ("web meeting", "visit to us", "visit to them", "phone call"),
}
_REMINDED = {
    ("ja", True): ("Web会議", "往訪", "アポイントメント", "アポイントメント"),
    ("ja", False): ("Web会議", "来訪", "アポイントメント", "アポイントメント"),
    ("en", True): ("web meeting", "visit", "appointment", "appointment"),
    ("en", False): ("web meeting", "visit", "appointment", "appointment"),
}
# Where nobody has said yet how they meet.
_UNSAID = {"ja": "アポイントメント", "en": "appointment"}
_ORDER = (Kind.WEB, Kind.VISIT_US, Kind.VISIT_THEM, Kind.PHONE)
_JOINING = {
    "ja": ("参加URL", "ミーティングID", "パスコード"),
    "en": ("Join URL", "Meeting ID", "Passcode"),
}
# How long the first two groups of a meeting's number are, by its length.
_GROUPED = {9: (3, 3), 10: (3, 3), 11: (3, 4)}
_PLATFORMS = {Platform.ZOOM: "Zoom", Platform.MEET: "Google Meet", Platform.TEAMS: "Microsoft Teams"}


def kind(kind: Kind | None, locale: str, *, guest: bool) -> str:
    """The kind in a sentence to the guest (ご来社: they come to us) or to a member (来訪); without one, an
    appointment."""
    return _KINDS[locale, guest][_ORDER.index(kind)] if kind else _UNSAID[locale]


def kind_in_full(kind: Kind, platform: Platform, locale: str, *, guest: bool) -> str:
    """The kind as a fact of its own: 「Web会議（Zoom）」, "Web meeting (Zoom)"."""
    name, where = _KINDS[locale, guest][_ORDER.index(kind)], _PLATFORMS.get(platform, "")
    if locale == "ja":
        return f"{name}（{where}）" if where else name
    return name[0].upper() + name[1:] + (f" ({where})" if where else "")


def reminded_kind(kind: Kind | None, locale: str, *, guest: bool) -> str:
    """The kind in a reminder's subject, for which M3 has three words a side.

    A visit to us is 往訪 for the guest, who goes out, and 来訪 for the member, who is visited. A visit to
    them and a phone call are アポイントメント for both, as M3 keeps 往訪 and 来訪 for visits to us.
    """
    return _REMINDED[locale, guest][_ORDER.index(kind)] if kind else _UNSAID[locale]


def platform(platform: Platform) -> str:
    """The platform's own name; empty for a fixed URL and for none."""
    return _PLATFORMS.get(platform, "")


def joining(meeting: Meeting | None, locale: str) -> list[str]:
    """How to join, a labelled line each: 「参加URL: …」, "Passcode: …"; what is not known has no line."""
    if meeting is None:
        return []
    told = (meeting.join_url, meeting_id(meeting.meeting_id), meeting.passcode)
    return [f"{label}: {value}" for label, value in zip(_JOINING[locale], told, strict=True) if value]


def meeting_id(text: str) -> str:
    """A meeting's number in the groups that Zoom prints: 「817 0086 0989」; anything else stays as it is."""
    groups = _GROUPED.get(len(text)) if text.isascii() and text.isdigit() else None
    if groups is None:
        return text
    first, second = groups
    return f"{text[:first]} {text[first : first + second]} {text[first + second :]}"


def title_for_member(title: str, guest: Guest, locale: str) -> str:
    """The title on a member's calendar; a blank one names the guest: 「ABC株式会社:山田太郎 様」."""
    if locale == "ja":
        return shown_title(title, guest)
    return as_read(title, locale) or guest_in_subject(guest, locale)


def title_for_guest(title: str, kind: Kind | None, host: str, locale: str) -> str:
    """The title on the guest's calendar; a blank one names the other side: 「株式会社サンプルとのWeb会議」.

    `shown_title` would name the guest to themselves. `host`: the company, or the organizer.
    """
    if title:
        return title
    what = reminded_kind(kind, locale, guest=True)
    if locale == "ja":
        return f"{host}{'への' if kind is Kind.VISIT_US else 'との'}{what}" if host else what
    joined = f"{what} {'to' if kind is Kind.VISIT_US else 'with'} {host}" if host else what
    return joined[0].upper() + joined[1:]


def replaced(locale: str) -> str:
    """Why an appointment ends that another time was agreed on for."""
    if locale == "en":
        return "Another time was agreed on instead; you receive its confirmation separately."
    return "あらためて別の日時に決まりました。新しい日時のご案内は、別のメールでお送りします。"
