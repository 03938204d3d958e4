"""How times, zones and people read."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from chouseiapo import wording
from chouseiapo.domain.event import ERASED
from chouseiapo.domain.proposal import Guest, Kind, Meeting, Platform
from chouseiapo.domain.slots import Slot
from tests.mail.stories import utc

TOKYO, NEW_YORK = "Asia/Tokyo", "America/New_York"
FULL = Guest("ABC株式会社", "山田太郎", "yamada@example.net")


class TestSlots:
    @pytest.mark.parametrize(
        ("start", "minutes", "japanese", "english"),
        [
            (utc(2026, 11, 25, 1), 60, "11月25日(水) 10:00〜11:00", "Wed, Nov 25, 10:00–11:00"),
            (utc(2026, 11, 25, 0, 30), 30, "11月25日(水) 09:30〜10:00", "Wed, Nov 25, 09:30–10:00"),
            (utc(2026, 11, 25, 14), 60, "11月25日(水) 23:00〜24:00", "Wed, Nov 25, 23:00–24:00"),
            (
                utc(2026, 11, 25, 14),
                120,
                "11月25日(水) 23:00〜11月26日(木) 01:00",
                "Wed, Nov 25, 23:00 – Thu, Nov 26, 01:00",
            ),
            (utc(2026, 11, 24, 15), 30, "11月25日(水) 00:00〜00:30", "Wed, Nov 25, 00:00–00:30"),
            (utc(2026, 11, 24, 15), 24 * 60, "11月25日(水) 00:00〜24:00", "Wed, Nov 25, 00:00–24:00"),
            (
                utc(2026, 11, 25, 1),
                24 * 60,
                "11月25日(水) 10:00〜11月26日(木) 10:00",
                "Wed, Nov 25, 10:00 – Thu, Nov 26, 10:00",
            ),
        ],
    )
    def test_in_tokyo(self, start: datetime, minutes: int, japanese: str, english: str) -> None:
        end = start + timedelta(minutes=minutes)
        assert wording.slot(start, end, TOKYO, "ja") == japanese
        assert wording.slot(start, end, TOKYO, "en") == english

    def test_another_year_is_named_when_today_is_known(self) -> None:
        start, end = utc(2027, 1, 8, 1), utc(2027, 1, 8, 2)
        today = date(2026, 11, 21)
        assert wording.slot(start, end, TOKYO, "ja", today) == "2027年1月8日(金) 10:00〜11:00"
        assert wording.slot(start, end, TOKYO, "en", today) == "Fri, Jan 8, 2027, 10:00–11:00"
        assert wording.slot(start, end, TOKYO, "ja", date(2027, 1, 1)) == "1月8日(金) 10:00〜11:00"
        assert wording.slot(start, end, TOKYO, "ja") == "1月8日(金) 10:00〜11:00"

    def test_new_years_night(self) -> None:
        start, end, today = utc(2026, 12, 31, 14), utc(2026, 12, 31, 16), date(2026, 11, 21)
        assert wording.slot(start, end, TOKYO, "ja", today) == "12月31日(木) 23:00〜2027年1月1日(金) 01:00"

    def test_where_the_clocks_change_each_time_carries_its_offset(self) -> None:
        """In the night to Nov 1, 01:30 comes twice in New York: an hour from 01:30 to 01:30."""
        text = wording.slot(utc(2026, 11, 1, 5, 30), utc(2026, 11, 1, 6, 30), NEW_YORK, "en")
        assert text == "Sun, Nov 1, 01:30 (UTC-4)–01:30 (UTC-5)"
        ahead = wording.slot(utc(2026, 3, 8, 6, 30), utc(2026, 3, 8, 7, 30), NEW_YORK, "ja")
        assert ahead == "3月8日(日) 01:30 (UTC-5)〜03:30 (UTC-4)"

    @drawn(
        minutes=st.integers(0, 15 * 365 * 24 * 60),
        half_hours=st.integers(1, 48),
        zone=st.sampled_from([TOKYO, NEW_YORK, "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]),
    )
    def test_any_slot_says_both_of_its_clocks(self, minutes: int, half_hours: int, zone: str) -> None:
        start = utc(2020, 1, 1) + timedelta(minutes=minutes)
        end = start + timedelta(minutes=30 * half_hours)
        text = wording.slot(start, end, zone, "ja")
        assert wording.clock(start, zone) in text
        assert wording.clock(end, zone) in text or "24:00" in text
        assert wording.day(start, zone, "ja") in text

    def test_how_long_it_takes(self) -> None:
        start = utc(2026, 11, 25, 1)

        def told(locale: str, *minutes: int) -> str:
            return wording.durations((Slot(start, start + timedelta(minutes=m)) for m in minutes), locale)

        assert told("ja", 60, 30, 60) == "30分、60分"
        assert [told("ja", m) for m in (90, 120, 150, 24 * 60)] == ["90分", "2時間", "2時間30分", "24時間"]
        long = [49 * 60, 72 * 60, 49 * 60 + 30]
        assert [told("ja", m) for m in long] == ["2日と1時間", "3日", "2日と1時間30分"]
        assert [told("en", m) for m in long] == ["2 d 1 h", "3 d", "2 d 1 h 30 min"]
        assert [told("en", m) for m in (60, 120, 150)] == ["60 min", "2 h", "2 h 30 min"]
        assert told("ja") == ""

    def test_moments_and_days(self) -> None:
        at = utc(2026, 11, 25, 1)
        assert wording.moment(at, TOKYO, "ja") == "11月25日(水) 10:00"
        assert wording.moment(at, NEW_YORK, "en") == "Tue, Nov 24, 20:00"
        assert wording.day(at, TOKYO, "en", date(2025, 1, 1)) == "Wed, Nov 25, 2026"
        assert wording.clock(at, TOKYO) == "10:00"


class TestZones:
    def test_name_and_offset_are_those_of_the_date(self) -> None:
        summer, winter = utc(2026, 7, 1), utc(2026, 12, 1)
        assert wording.zone_name(TOKYO, summer, "ja") == "東京 (UTC+9)"
        assert wording.zone_name(TOKYO, summer, "en") == "Tokyo (UTC+9)"
        assert wording.zone_name(NEW_YORK, summer, "en") == "New York (UTC-4)"
        assert wording.zone_name(NEW_YORK, winter, "en") == "New York (UTC-5)"
        assert wording.zone_name("UTC", winter, "ja") == "UTC+0"

    def test_a_zone_is_called_by_its_city_and_one_without_a_place_by_its_offset(self) -> None:
        at = utc(2026, 12, 1)
        assert wording.zone_name("Asia/Kolkata", at, "en") == "Kolkata (UTC+5:30)"
        assert wording.zone_name("Europe/Paris", at, "ja") == "パリ (UTC+1)"
        assert wording.zone_name("America/Argentina/Buenos_Aires", at, "en") == "Buenos Aires (UTC-3)"
        assert wording.zone_name("Etc/GMT+5", at, "ja") == "UTC-5"

    def test_cities_that_were_renamed_have_a_japanese_name_too(self) -> None:
        at = utc(2026, 12, 1)
        for zone in ("Asia/Kolkata", "Asia/Calcutta"):
            assert wording.zone_name(zone, at, "ja") == "コルカタ (UTC+5:30)"

    @pytest.mark.parametrize("locale", ["ja", "en"])
    def test_every_zone_can_be_told(self, locale: str) -> None:
        at = utc(2026, 12, 1)
        for zone in available_timezones() - {"localtime"}:
            name = wording.zone_name(zone, at, locale)
            assert "Unknown" not in name
            assert "不明" not in name
            minutes = (at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()) / timedelta(minutes=1)
            hours = f"{minutes / 60:+g}".partition(".")[0]
            assert f"UTC{hours}" in name


class TestPeople:
    def test_guests_and_colleagues(self) -> None:
        assert wording.person("山田太郎", "ja", guest=True) == "山田太郎 様"
        assert wording.person("田中 一郎", "ja", guest=False) == "田中 一郎さん"
        assert wording.person("Taro Yamada", "en", guest=True) == "Taro Yamada"
        assert wording.person("", "ja", guest=True) == ""

    @pytest.mark.parametrize("name", ["山田太郎様", "人事部 御中", "山田先生"])
    def test_whoever_is_honoured_already_is_not_honoured_twice(self, name: str) -> None:
        assert wording.person(name, "ja", guest=True) == name

    @pytest.mark.parametrize(
        ("guest", "text", "subject", "opening"),
        [
            (FULL, "ABC株式会社 山田太郎 様", "ABC株式会社:山田太郎様", "ABC株式会社\n山田太郎 様"),
            (Guest(name="山田太郎"), "山田太郎 様", "山田太郎様", "山田太郎 様"),
            (
                Guest("ABC株式会社", "", "a@b.example"),
                "ABC株式会社 a@b.example",
                "ABC株式会社:a@b.example",
                "ABC株式会社\nご担当者様",
            ),
            (Guest(email="a@b.example"), "a@b.example", "a@b.example", "お客様"),
            (Guest("ABC株式会社"), "ABC株式会社", "ABC株式会社", "ABC株式会社\nご担当者様"),
        ],
    )
    def test_as_much_of_a_guest_as_is_known(
        self, guest: Guest, text: str, subject: str, opening: str
    ) -> None:
        assert wording.guest_in_text(guest, "ja") == text
        assert wording.guest_in_subject(guest, "ja") == subject
        assert wording.salutation(guest, "ja") == opening

    def test_in_english(self) -> None:
        guest = Guest("ABC Inc.", "Taro Yamada")
        assert wording.guest_in_text(guest, "en") == "Taro Yamada (ABC Inc.)"
        assert wording.guest_in_subject(guest, "en") == "ABC Inc.: Taro Yamada"
        assert wording.salutation(guest, "en") == "Dear Taro Yamada,"
        assert wording.salutation(Guest(), "en") == "Hello,"
        assert wording.people(["A", "B"], "en") == "A, B"
        assert wording.people(["甲", "乙"], "ja") == "甲、乙"


class TestMeetings:
    @pytest.mark.parametrize(
        ("number", "printed"),
        [
            ("81700860989", "817 0086 0989"),
            ("8170086098", "817 008 6098"),
            ("817008609", "817 008 609"),
            ("81700860", "81700860"),
            ("room-1234567", "room-1234567"),
            ("８１７００８６０９", "８１７００８６０９"),
            ("", ""),
        ],
    )
    def test_a_number_is_grouped_as_zoom_prints_it(self, number: str, printed: str) -> None:
        assert wording.meeting_id(number) == printed


class TestKinds:
    def test_each_side_sees_a_visit_from_its_own(self) -> None:
        words = [[wording.kind(kind, "ja", guest=guest) for kind in Kind] for guest in (True, False)]
        assert words == [
            ["Web会議", "ご来社", "ご訪問", "お電話"],
            ["Web会議", "来訪", "往訪", "電話"],
        ]

    def test_reminders_have_three_words_a_side(self) -> None:
        words = [[wording.reminded_kind(kind, "ja", guest=guest) for kind in Kind] for guest in (True, False)]
        assert words == [
            ["Web会議", "往訪", "アポイントメント", "アポイントメント"],
            ["Web会議", "来訪", "アポイントメント", "アポイントメント"],
        ]

    def test_where_nobody_has_said_how_they_meet_it_is_an_appointment(self) -> None:
        for word in (wording.kind, wording.reminded_kind):
            for guest in (True, False):
                assert word(None, "ja", guest=guest) == "アポイントメント"
                assert word(None, "en", guest=guest) == "appointment"
        title = partial(wording.title_for_guest, "", None)
        assert title("株式会社サンプル", "ja") == "株式会社サンプルとのアポイントメント"
        assert title("Sample Inc.", "en") == "Appointment with Sample Inc."

    def test_titles_for_the_guests_calendar(self) -> None:
        def title(kind: Kind, host: str, locale: str) -> str:
            return wording.title_for_guest("", kind, host, locale)

        assert title(Kind.WEB, "株式会社サンプル", "ja") == "株式会社サンプルとのWeb会議"
        assert title(Kind.VISIT_US, "Sample Inc.", "en") == "Visit to Sample Inc."
        assert title(Kind.PHONE, "Sample Inc.", "en") == "Appointment with Sample Inc."
        assert title(Kind.WEB, "", "en") == "Web meeting"
        assert title(Kind.WEB, "", "ja") == "Web会議"
        assert wording.title_for_guest("導入のご相談", Kind.WEB, "x", "ja") == "導入のご相談"

    def test_a_kind_as_a_fact_names_its_platform(self) -> None:
        def fact(kind: Kind, platform: Platform, locale: str) -> str:
            return wording.kind_in_full(kind, platform, locale, guest=True)

        assert fact(Kind.WEB, Platform.ZOOM, "ja") == "Web会議（Zoom）"
        assert fact(Kind.WEB, Platform.ZOOM, "en") == "Web meeting (Zoom)"
        assert fact(Kind.VISIT_US, Platform.NONE, "en") == "Visit to our office"
        assert fact(Kind.PHONE, Platform.NONE, "ja") == "お電話"

    def test_how_to_join_is_labelled(self) -> None:
        zoom = Meeting("https://zoom.example/j/1", "81700860989", "abc")
        assert wording.joining(zoom, "ja") == [
            "参加URL: https://zoom.example/j/1",
            "ミーティングID: 817 0086 0989",
            "パスコード: abc",
        ]
        assert wording.joining(Meeting("https://a.example"), "en") == ["Join URL: https://a.example"]
        assert wording.joining(None, "en") == []

    def test_titles_for_members_calendars(self) -> None:
        assert wording.title_for_member("", FULL, "ja") == "ABC株式会社:山田太郎 様"
        assert wording.title_for_member("", FULL, "en") == "ABC株式会社: 山田太郎"
        assert wording.title_for_member("導入のご相談", FULL, "en") == "導入のご相談"

    def test_what_was_erased_is_said_so_in_the_readers_language(self) -> None:
        gone = Guest(name=ERASED)
        assert wording.guest_in_text(gone, "en") == "(erased)"
        assert wording.title_for_member(ERASED, gone, "en") == "(erased)"
        assert wording.title_for_member(ERASED, gone, "ja") == ERASED

    def test_platforms(self) -> None:
        assert wording.platform(Platform.ZOOM) == "Zoom"
        assert wording.platform(Platform.URL) == wording.platform(Platform.NONE) == ""
