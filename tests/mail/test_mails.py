"""What every mail must be, read from the wire as a mail program reads it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import settings as trying
from hypothesis import strategies as st

from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.links import Provider
from chouseiapo.domain.proposal import Guest, Kind, Meeting, Platform
from chouseiapo.mail import LinkRule, Rule
from chouseiapo.mail_facts import Person
from tests.domain.given import happened
from tests.mail.reading import Mail, read
from tests.mail.stories import (
    GUEST_URL,
    MESSAGE,
    NEW_YORK,
    NO_COMPANY,
    NOTE,
    NOW,
    PHONE,
    SIDES,
    STAFF_URL,
    VISIT_THEM,
    VISIT_US,
    ZOOM,
    about_link,
    rendered,
    story,
)

GUESTS = [rule for rule, side in SIDES if side == "guest"]
JOINED = (Rule.CONFIRMATION, Rule.MEETING_URL, Rule.MEETING_CHANGED, Rule.MOVED, Rule.REMINDER)
TIMED = (
    *JOINED,
    Rule.CONFIRMATION_PENDING,
    Rule.MEETING_WITHDRAWN,
    Rule.MEETING_VANISHED,
    Rule.MEETING_FORGONE,
    Rule.CANCELLED,
    Rule.OCCURRENCE_CANCELLED,
)
WEB, NO_MESSAGE = {"kind": Kind.WEB}, {"message": ""}
HOSTILE = '<script>alert("x")</script> & \'O"Neil\', <b@evil.example>'

every_mail = pytest.mark.parametrize(
    ("rule", "side", "locale"), [(rule, side, locale) for rule, side in SIDES for locale in ("ja", "en")]
)


def mail(rule: Rule, side: str, locale: str = "ja", **changes: Any) -> Mail:
    return read(rendered(rule, side, locale, **changes))


class TestSubjects:
    """M1 to M3, to the letter."""

    @pytest.mark.parametrize(
        ("rule", "side", "changes", "subject"),
        [
            (Rule.REQUEST, "guest", WEB, "[株式会社サンプル]アポイントメントの日程調整をお願いします"),
            (Rule.REQUEST, "member", WEB, "[山田太郎]さまとの日程調整を依頼しました"),
            (Rule.CONFIRMATION, "guest", WEB, "[株式会社サンプル]アポイントメントの日程が確定しました"),
            (Rule.CONFIRMATION, "member", WEB, "ABC株式会社:山田太郎様"),
            (Rule.REMINDER, "guest", WEB, "[株式会社サンプル]本日のWeb会議予定のリマインド: 10:00"),
            (Rule.REMINDER, "guest", VISIT_US, "[株式会社サンプル]本日の往訪予定のリマインド: 10:00"),
            (
                Rule.REMINDER,
                "guest",
                VISIT_THEM,
                "[株式会社サンプル]本日のアポイントメント予定のリマインド: 10:00",
            ),
            (
                Rule.REMINDER,
                "guest",
                PHONE,
                "[株式会社サンプル]本日のアポイントメント予定のリマインド: 10:00",
            ),
            (Rule.REMINDER, "member", WEB, "本日のWeb会議予定のリマインド: 10:00 ABC株式会社:山田太郎様"),
            (Rule.REMINDER, "member", VISIT_US, "本日の来訪予定のリマインド: 10:00 ABC株式会社:山田太郎様"),
            (
                Rule.REMINDER,
                "member",
                VISIT_THEM,
                "本日のアポイントメント予定のリマインド: 10:00 ABC株式会社:山田太郎様",
            ),
        ],
    )
    def test_japanese(self, rule: Rule, side: str, changes: dict[str, Any], subject: str) -> None:
        assert mail(rule, side, **changes).subject == subject

    def test_pending_is_a_confirmation_too(self) -> None:
        for side in ("guest", "member"):
            pending, confirmed = (
                mail(r, side).subject for r in (Rule.CONFIRMATION_PENDING, Rule.CONFIRMATION)
            )
            assert pending == confirmed

    @pytest.mark.parametrize("rule", GUESTS)
    def test_without_a_company_no_brackets(self, rule: Rule) -> None:
        assert "[" not in mail(rule, "guest", settings=NO_COMPANY).subject

    def test_an_unknown_guest_is_named_by_what_is_known(self) -> None:
        company = Guest(company="ABC株式会社", email="info@example.net")
        assert mail(Rule.REQUEST, "member", guest=company).subject.startswith("[ABC株式会社]さま")
        address = Guest(email="info@example.net")
        assert mail(Rule.REQUEST, "member", guest=address).subject.startswith("[info@example.net]さま")
        assert mail(Rule.EXPIRED, "member", guest=address).subject.endswith(": info@example.net")

    def test_the_hour_is_the_readers(self) -> None:
        assert mail(Rule.REMINDER, "guest", reading=NEW_YORK).subject.endswith(": 20:00")


class TestEveryMail:
    @every_mail
    def test_is_for_one_recipient_and_says_that_a_machine_sent_it(
        self, rule: Rule, side: str, locale: str
    ) -> None:
        it = mail(rule, side, locale, now=NOW)
        assert it.addresses("To") == ["yamada@example.net" if side == "guest" else "tanaka@sample.example"]
        assert not {"Cc", "Bcc", "Sender"} & set(it.headers)
        assert it.addresses("From") == ["no-reply@appo.sample.example"]
        assert it.headers["Auto-Submitted"] == "auto-generated"
        assert it.headers["X-Auto-Response-Suppress"] == "All"
        assert it.headers["Date"] == "Sat, 21 Nov 2026 00:00:00 +0000"
        assert it.headers["Message-ID"] == f"<{side}-{rule}-{locale}@appo.sample.example>"

    @every_mail
    def test_answers_reach_a_person(self, rule: Rule, side: str, locale: str) -> None:
        it = mail(rule, side, locale)
        if side == "guest":
            assert it.addresses("Reply-To") == ["tanaka@sample.example"]
            assert "tanaka@sample.example" in it.text
        else:
            assert "Reply-To" not in it.headers

    @every_mail
    def test_is_ascii_in_short_lines_on_the_wire(self, rule: Rule, side: str, locale: str) -> None:
        wire = mail(rule, side, locale).wire
        assert wire.isascii()
        assert wire.count(b"\r\n") == wire.count(b"\n") == wire.count(b"\r")
        assert max(map(len, wire.split(b"\r\n"))) <= 78

    @every_mail
    def test_has_the_same_bytes_each_time(self, rule: Rule, side: str, locale: str) -> None:
        assert mail(rule, side, locale).wire == mail(rule, side, locale).wire

    @every_mail
    def test_every_button_stands_as_text_too(self, rule: Rule, side: str, locale: str) -> None:
        it = mail(rule, side, locale)
        links = it.page.links
        buttons = {link.url for link in links if "press" in link.classes}
        written = [link for link in links if "press" not in link.classes]
        assert all(link.url == link.text for link in written), "a link that is no button shows where it leads"
        assert buttons <= {link.url for link in written}
        for url in {link.url for link in links}:
            assert url in it.text.splitlines(), "in the text part it has a line of its own"

    @every_mail
    def test_says_in_text_alone_all_that_it_is_about(self, rule: Rule, side: str, locale: str) -> None:
        it = mail(rule, side, locale)
        time = "11月25日(水) 10:00〜11:00" if locale == "ja" else "Wed, Nov 25, 10:00–11:00"
        if rule in (*TIMED, Rule.REQUEST):
            assert time in it.text
            assert time in it.page.text
        if rule in JOINED:
            for word in (ZOOM.join_url, "987 6543 2101", ZOOM.passcode):
                assert word in it.text
                assert word in it.page.text
        else:
            assert ZOOM.join_url not in it.text + it.page.text
        assert ("田中 一郎" in it.text) == (rule is not Rule.REMOVED), "who takes part now"
        assert "鈴木 花子" in it.text

    @every_mail
    def test_leads_the_guest_to_the_guests_page_and_members_to_theirs(
        self, rule: Rule, side: str, locale: str
    ) -> None:
        it = mail(rule, side, locale)
        theirs, others = (GUEST_URL, STAFF_URL) if side == "guest" else (STAFF_URL, GUEST_URL)
        everything = it.text + it.html + it.calendar.decode().replace("\r\n ", "")
        assert others not in everything
        ended = (Rule.CANCELLED, Rule.EXPIRED) if side == "guest" else (Rule.REMOVED,)
        assert (theirs in everything) == (rule not in ended), "who has no page any more gets no address"

    @every_mail
    def test_html_is_well_formed_names_its_language_and_knows_the_dark(
        self, rule: Rule, side: str, locale: str
    ) -> None:
        it = mail(rule, side, locale)
        assert f'<html lang="{locale}">' in it.html
        assert f'lang="{locale}"' in it.html.partition("<body")[2], "some programs drop the html element"
        assert "prefers-color-scheme: dark" in it.html
        assert 'class="heading" style="' in it.html, "styles are inlined"
        assert "http" not in it.html.partition("<body")[0], "nothing is fetched"
        assert not {"img", "script", "link", "form"} & set(it.page.tags)

    @every_mail
    def test_text_only_leaves_the_html_out_and_nothing_else(self, rule: Rule, side: str, locale: str) -> None:
        full, plain = mail(rule, side, locale), mail(rule, side, locale, reading={"text_only": True})
        assert (plain.html, plain.text, plain.subject) == ("", full.text, full.subject)
        assert plain.calendar == full.calendar
        assert plain.structure == ("mixed(alternative(plain, calendar), ics)" if plain.calendar else "plain")


class TestWhatIsSaidToWhom:
    @pytest.mark.parametrize("locale", ["ja", "en"])
    @pytest.mark.parametrize("rule", GUESTS)
    @trying(max_examples=15)
    @drawn(note=st.text(min_size=1))
    def test_no_note_ever_reaches_a_guest(self, rule: Rule, locale: str, note: str) -> None:
        """The mail with a note is, byte for byte, the mail without one."""
        assert mail(rule, "guest", locale, note=note).wire == mail(rule, "guest", locale, note="").wire

    @pytest.mark.parametrize("rule", [rule for rule, side in SIDES if side == "member"])
    def test_members_read_the_note_as_long_as_they_take_part(self, rule: Rule) -> None:
        it = mail(rule, "member")
        takes_part = rule is not Rule.REMOVED
        assert (NOTE in it.text, NOTE in it.page.text) == (takes_part, takes_part)

    @pytest.mark.parametrize("locale", ["ja", "en"])
    @pytest.mark.parametrize("rule", [Rule.REQUEST, Rule.CONFIRMATION, Rule.REMINDER])
    def test_kind_and_length_are_told_in_both_parts(self, rule: Rule, locale: str) -> None:
        facts = {"ja": ("種類: Web会議（Zoom）", "所要時間: 60分")}.get(
            locale, ("Type: Web meeting (Zoom)", "Duration: 60 min")
        )
        for side in ("guest", "member"):
            it = mail(rule, side, locale)
            for fact in facts:
                assert fact in it.text.splitlines()
                assert fact.replace(": ", "") in it.page.text

    @pytest.mark.parametrize(("rule", "side"), SIDES)
    def test_the_message_goes_to_the_guest_with_the_request_and_the_confirmation(
        self, rule: Rule, side: str
    ) -> None:
        it = mail(rule, side)
        written = (Rule.REQUEST, Rule.CONFIRMATION, Rule.CONFIRMATION_PENDING, Rule.MOVED)
        told = side == "guest" and rule in written
        assert (MESSAGE in it.text) == told
        assert (MESSAGE in it.page.text) == told

    @pytest.mark.parametrize("rule", [Rule.CONFIRMATION, Rule.REMINDER])
    @pytest.mark.parametrize(
        ("locale", "told"),
        [
            ("ja", "田中 一郎から 03-1234-5678 にお電話します。"),
            ("en", "田中 一郎 will call you on 03-1234-5678."),
        ],
    )
    def test_the_guest_of_a_phone_call_reads_who_calls_which_number(
        self, rule: Rule, locale: str, told: str
    ) -> None:
        it = mail(rule, "guest", locale, **PHONE)
        assert told in it.text.splitlines()
        assert told in it.page.text
        unknown = mail(rule, "guest", locale, kind=Kind.PHONE, platform=Platform.NONE)
        assert "お電話します" not in unknown.text, "without a number nothing is promised"
        assert "will call" not in unknown.text

    @pytest.mark.parametrize("rule", [rule for rule in GUESTS if rule is not Rule.MESSAGE])
    def test_a_letter_to_a_guest_closes_with_the_writers_name(self, rule: Rule) -> None:
        it = mail(rule, "guest")
        closing, _, foot = it.text.rpartition("\n\n株式会社サンプル\n田中 一郎\n")
        assert closing.endswith(("よろしくお願いいたします。", "申し訳ございません。"))
        assert foot

    def test_links_that_the_message_names_are_not_made_links(self) -> None:
        urls = {link.url for link in mail(Rule.CONFIRMATION, "guest").page.links}
        assert urls == {ZOOM.join_url, GUEST_URL}

    @pytest.mark.parametrize("side", ["guest", "member"])
    def test_pending_says_that_the_url_follows(self, side: str) -> None:
        it = mail(Rule.CONFIRMATION_PENDING, side)
        assert "URLは" in it.text
        assert "お知らせ" in it.text
        assert "Web会議に参加する" not in it.page.text

    @pytest.mark.parametrize("side", ["guest", "member"])
    def test_a_cancellation_gives_its_reason_when_there_is_one(self, side: str) -> None:
        assert "理由" not in mail(Rule.CANCELLED, side).text
        given_reason = mail(Rule.CANCELLED, side, telling={"reason": "担当者\r\n急病のため"})
        assert "■ 理由\n担当者\n急病のため" in given_reason.text
        assert "担当者\n急病のため" in given_reason.page.text

    def test_a_room_is_named_to_a_guest_who_comes_to_it_and_to_members(self) -> None:
        c1 = story(Rule.REQUEST).candidates["c1"]
        in_room: dict[str, Any] = {"candidates": (type(c1)(c1.id, c1.start, c1.end, "room-1"),)}
        assert "会議室A" in mail(Rule.CONFIRMATION, "guest", **in_room, **VISIT_US).text
        assert "会議室A" not in mail(Rule.CONFIRMATION, "guest", **in_room).text
        assert "会議室A" in mail(Rule.CONFIRMATION, "member", **in_room).text
        assert "会議室A" in mail(Rule.REQUEST, "member", **in_room).text

    def test_the_author_is_named_when_not_attending(self) -> None:
        assert "作成者: 佐藤 健" in mail(Rule.CONFIRMATION, "member").text
        attending = {"author": Person("田中 一郎", "tanaka@sample.example")}
        assert "作成者" not in mail(Rule.CONFIRMATION, "member", telling=attending).text

    def test_only_open_candidates_are_listed(self) -> None:
        told = story(Rule.REQUEST, happened(Appointment.CandidateWithdrawn, candidate="c1"))
        assert "11月25日" not in mail(Rule.REQUEST, "guest", appointment=told).text

    def test_an_edited_meeting_brings_its_new_url(self) -> None:
        moved = happened(Appointment.MeetingIssued, meeting=Meeting("https://zoom.example/j/2"), host="h")
        it = mail(Rule.MEETING_URL, "guest", appointment=story(Rule.MEETING_URL, moved))
        assert "https://zoom.example/j/2" in it.text
        assert ZOOM.join_url not in it.text


class TestZones:
    def test_ones_own_zone_is_not_named(self) -> None:
        it = mail(Rule.CONFIRMATION, "guest")
        assert "UTC" not in it.text + it.page.text

    @pytest.mark.parametrize(("rule", "side"), [each for each in SIDES if each[0] in TIMED])
    def test_another_zone_is_named_and_ours_stands_beside_it(self, rule: Rule, side: str) -> None:
        it = mail(rule, side, reading=NEW_YORK)
        for text in (it.text, it.page.text):
            assert "11月24日(火) 20:00〜21:00" in text
            assert "ニューヨーク (UTC-5)" in text
            assert "東京 (UTC+9): 11月25日(水) 10:00〜11:00" in text

    def test_a_list_names_its_zone_once(self) -> None:
        it = mail(Rule.REQUEST, "guest", reading=NEW_YORK)
        assert it.text.count("(UTC-5)") == 1


class TestHostileWords:
    """Names come from forms and from other people's calendars."""

    @every_mail
    def test_html_shows_them_as_text(self, rule: Rule, side: str, locale: str) -> None:
        guest = Guest(HOSTILE, HOSTILE, "yamada@example.net", HOSTILE)
        it = mail(
            rule,
            side,
            locale,
            **{**PHONE, "guest": guest, "title": HOSTILE, "message": HOSTILE, "place": HOSTILE},
            telling={"reason": HOSTILE, "organizer": Person(HOSTILE, "tanaka@sample.example")},
        )
        assert not {"script", "b"} & set(it.page.tags)
        assert HOSTILE in it.page.text
        assert it.headers["To"] or side

    @pytest.mark.parametrize(
        "name",
        [
            HOSTILE,
            "山田\r\nBcc: all@evil.example",
            "山田\u2028太郎\x85様",
            "Yamada, Taro, " * 12,
            "a@evil.example, " * 15 + "b",
            "=?utf-8?q?evil=0D=0ABcc:_x@evil.example?=",
            "山" * 255,
            "👩‍👩‍👧‍👦" * 30,
            "田中 一郎, 営業部 " * 15,
            '\\"',
        ],
    )
    def test_no_name_adds_a_header_or_a_recipient(self, name: str) -> None:
        guest = Guest("ABC株式会社", name, "yamada@example.net")
        told = {"organizer": Person(name, "tanaka@sample.example")}
        it = mail(Rule.CONFIRMATION, "guest", guest=guest, telling=told)
        assert it.addresses("To") == ["yamada@example.net"]
        assert it.addresses("From") == ["no-reply@appo.sample.example"]
        assert it.addresses("Reply-To") == ["tanaka@sample.example"]
        assert "Bcc" not in it.headers
        shown = " ".join(name.splitlines()).strip()
        assert it.headers["To"] == f"{shown} <yamada@example.net>"
        sent = rendered(Rule.CONFIRMATION, "guest", guest=guest, telling=told)
        for header in ("To", "From", "Reply-To"):
            [mailbox] = sent[header].addresses
            assert [mailbox.addr_spec] == it.addresses(header), "what a mailer reads off the message"
        member = mail(Rule.CONFIRMATION, "member", guest=guest)
        assert member.subject.replace(" ", "").startswith(f"ABC株式会社:{shown}".replace(" ", ""))
        assert max(map(len, (it.wire + member.wire).split(b"\r\n"))) <= 78

    def test_a_long_address_stays_whole(self) -> None:
        address = "a" * 64 + "@" + "b" * 60 + ".example"
        it = mail(Rule.CONFIRMATION, "guest", guest=Guest("", "山田太郎", address))
        assert it.addresses("To") == [address]

    def test_a_message_of_100_000_characters_arrives(self) -> None:
        message = "あ<b>い\n" * 16_666
        assert message.strip() in mail(Rule.CONFIRMATION, "guest", message=message).text


class TestEveryKind:
    """Templates meet undefined names only when they are rendered: so all of them are, for everything."""

    @every_mail
    @pytest.mark.parametrize("kind", Kind)
    def test_renders_for_every_platform(self, rule: Rule, side: str, locale: str, kind: Kind) -> None:
        for platform in Platform:
            url = "https://meet.example/x" if platform is Platform.URL else ""
            it = mail(rule, side, locale, kind=kind, platform=platform, url=url, place="大阪市")
            assert it.subject
            assert "None" not in it.text + it.page.text

    @every_mail
    def test_renders_for_as_little_as_can_be_known(self, rule: Rule, side: str, locale: str) -> None:
        it = mail(
            rule,
            side,
            locale,
            platform=Platform.NONE,
            guest=Guest(email="yamada@example.net"),
            message="",
            note="",
            settings=NO_COMPANY,
            telling={"organizer": Person("", ""), "attendees": ()},
        )
        assert it.subject
        assert "None" not in it.text + it.page.text
        assert "\n\n\n\n" not in it.text

    def test_the_operators_own_sender_name_is_kept(self) -> None:
        named = replace(NO_COMPANY, mail_from='"日程調整係" <appo@sample.example>')
        it = mail(Rule.CONFIRMATION, "member", settings=named)
        assert it.headers["From"] == "日程調整係 <appo@sample.example>"


class TestAboutAccounts:
    def test_hostile_names_are_shown_as_text(self) -> None:
        for rule in LinkRule:
            it = read(about_link(rule, Provider.GOOGLE, room=HOSTILE, count=12))
            assert not {"script", "b"} & set(it.page.tags)
            assert HOSTILE in it.page.text

    def test_googles_week_is_named_only_where_it_explains_the_break(self) -> None:
        def says(provider: Provider, days: float, reason: str = "token_refused") -> bool:
            it = read(about_link(LinkRule.LINK_BROKEN, provider, days=days, reason=reason))
            return "7日" in it.text and "7日" in it.page.text

        assert says(Provider.GOOGLE, 7.2)
        assert not says(Provider.GOOGLE, 9)
        assert not says(Provider.GOOGLE, 7.2, "no_permission")
        assert not says(Provider.MICROSOFT, 7.2)

    def test_what_waits_is_what_the_account_is_for(self) -> None:
        calendar, zoom = (
            read(about_link(LinkRule.LINK_BROKEN, p)).text for p in (Provider.CALDAV, Provider.ZOOM)
        )
        assert "待っていた予定は自動で入ります" in calendar
        assert "待っていた会議は自動で発行されます" in zoom
