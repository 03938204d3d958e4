"""A member's calendar feed: its address, what a calendar app is answered, and what stands in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar

from chouseiapo.domain.appointment import Appointment, Edit
from chouseiapo.domain.proposal import Meeting, Platform, Visibility
from chouseiapo.domain.slots import Offer
from chouseiapo.storage import upsert
from chouseiapo.tables import parked
from chouseiapo.web import create_app
from chouseiapo.web.limits import UNKNOWN_LINKS
from tests.mail import libical
from tests.product import BY, NOW, YAMADA, at, offer
from tests.web.desk import Company, Desk
from tests.web.pages import Page

GOLDEN = Path(__file__).parent / "golden" / "feed.ics"
DAY = timedelta(days=1)
KEPT = 30 * DAY


class Subscription:
    """A calendar app that has a member's address."""

    def __init__(self, company: Company, member: str) -> None:
        self._company, self._member = company, member
        self.http = company.app.test_client()
        company.services.coordination.issue_feed(member, BY, NOW)
        self.path = self.address()

    def address(self) -> str:
        services = self._company.services
        member = services.coordination.member(self._member)
        url = services.feed_links.url(self._member, member.feed)
        return url.removeprefix(services.settings.base_url)

    def get(self, **headers: str) -> Any:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.http.get(self.path, headers=named)

    def calendar(self) -> bytes:
        """What it reads now, which libical finds nothing wrong with."""
        self._company.read()
        answer = self.get()
        assert answer.status_code == 200
        content: bytes = answer.data
        assert libical.complaints(content) == []
        return content

    def events(self) -> list[Any]:
        return list(Calendar.from_ical(self.calendar()).walk("VEVENT"))

    def stands(self) -> dict[str, str]:
        """Each candidate's status, for feeds of one appointment."""
        return {candidate(event): str(event["STATUS"]) for event in self.events()}


def candidate(event: Any) -> str:
    return str(event["UID"]).partition("@")[0].rpartition("-")[2]


@pytest.fixture
def tanaka(company: Company) -> Subscription:
    return Subscription(company, company.office.tanaka)


def confirm(company: Company, made: Appointment, picked: str = "c1") -> None:
    company.services.coordination.confirm(made.id, picked, YAMADA, BY, company.clock.now)


class TestTheAddress:
    def test_there_is_none_until_the_member_asks_for_it(self, company: Company) -> None:
        page = company.tanaka.open("/settings")
        assert "/feeds/" not in page.html
        page = company.tanaka.send(page.form("/settings/feed"))
        assert "購読用URLを発行しました。" in page.text
        address = shown(page)
        assert company.stranger.http.get(address).content_type == "text/calendar; charset=utf-8"

    def test_a_new_one_ends_the_old_one(self, company: Company) -> None:
        first = issued(company.tanaka)
        second = issued(company.tanaka)
        assert first != second
        assert [company.stranger.http.get(each).status_code for each in (first, second)] == [410, 200]

    def test_it_is_revoked_and_never_comes_back(self, company: Company) -> None:
        first = issued(company.tanaka)
        form = company.tanaka.open("/settings").form("/settings/feed")
        form.action = "/settings/feed/revoke"
        page = company.tanaka.send(form)
        assert "購読用URLを無効にしました。" in page.text
        assert "/feeds/" not in page.html
        assert company.stranger.http.get(first).status_code == 410
        second = issued(company.tanaka)
        assert [company.stranger.http.get(each).status_code for each in (first, second)] == [410, 200]

    def test_a_form_that_is_sent_twice_asks_once(self, company: Company) -> None:
        form = company.tanaka.open("/settings").form("/settings/feed")
        addresses = {shown(company.tanaka.send(form)) for _ in range(2)}
        assert len(addresses) == 1

    @pytest.mark.parametrize("path", ["/settings/feed", "/settings/feed/revoke"])
    def test_it_is_the_members_own_to_give_and_to_take(self, company: Company, path: str) -> None:
        address = issued(company.tanaka)
        assert company.stranger.post(path, {}).headers["Location"].startswith("/sign-in")
        assert company.tanaka.post(path, {}).status_code == 403
        form = company.suzuki.open("/settings").form("/settings/feed")
        company.suzuki.post(path, form.filled())
        assert company.stranger.http.get(address).status_code == 200

    def test_an_altered_secret_opens_nothing(self, company: Company, tanaka: Subscription) -> None:
        secret = tanaka.path.removeprefix("/feeds/").removesuffix(".ics")
        for place in (0, 20, 23, 26, 27, 47):
            other = "A" if secret[place] != "A" else "B"
            altered = f"/feeds/{secret[:place]}{other}{secret[place + 1 :]}.ics"
            assert tanaka.http.get(altered).status_code == 404

    def test_a_guests_secret_is_no_feed_and_a_feeds_secret_no_guests(
        self, company: Company, tanaka: Subscription
    ) -> None:
        guest = company.services.guest_links.secret(company.propose().id, 1)
        assert tanaka.http.get(f"/feeds/{guest}.ics").status_code == 404
        assert tanaka.http.get(tanaka.path.replace("/feeds/", "/g/").removesuffix(".ics")).status_code == 404

    def test_guessing_is_slowed_and_whoever_has_an_address_is_not(self, tanaka: Subscription) -> None:
        guesses = [
            tanaka.http.get(f"/feeds/guess-{n}.ics").status_code for n in range(UNKNOWN_LINKS.most + 1)
        ]
        assert guesses == [404] * UNKNOWN_LINKS.most + [429]
        assert {tanaka.get().status_code for _ in range(UNKNOWN_LINKS.most + 1)} == {200}

    def test_a_refusal_is_a_sentence_and_asks_for_no_session(self, company: Company) -> None:
        answer = company.tanaka.http.get("/feeds/nothing.ics")
        assert answer.content_type == "text/plain; charset=utf-8"
        assert "Vary" not in answer.headers
        assert answer.headers["Cache-Control"] == "no-store"


def issued(desk: Desk) -> str:
    return shown(desk.send(desk.open("/settings").form("/settings/feed")))


def shown(page: Page) -> str:
    """The address in the field that is there to be copied."""
    field = page.html.partition('id="feed-url"')[2].partition('value="')[2]
    return "/feeds/" + field.partition('"')[0].partition("/feeds/")[2]


class TestAsking:
    def test_an_app_is_told_to_keep_it_to_itself(self, tanaka: Subscription) -> None:
        answer = tanaka.get()
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        assert answer.headers["Cache-Control"] == "private, max-age=300"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in answer.headers

    def test_who_has_it_already_is_told_so(self, company: Company, tanaka: Subscription) -> None:
        company.propose()
        first = tanaka.get()
        etag, modified = first.headers["ETag"], first.headers["Last-Modified"]
        company.clock.now = NOW + timedelta(hours=1)
        for headers in (
            {"If_None_Match": etag},
            {"If_None_Match": f'"x", {etag}'},
            {"If_Modified_Since": modified},
        ):
            again = tanaka.get(**headers)
            assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
            assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
        # A tag says more than a time.
        assert tanaka.get(If_None_Match='"x"', If_Modified_Since=modified).status_code == 200

    def test_what_does_not_show_in_it_is_no_news(self, company: Company, tanaka: Subscription) -> None:
        before = tanaka.get()
        company.clock.now = NOW + timedelta(hours=1)
        company.services.coordination.choose_mail_format(company.office.tanaka, True, BY, company.clock.now)
        after = tanaka.get()
        for name in ("ETag", "Last-Modified"):
            assert after.headers[name] == before.headers[name]

    def test_news_are_sent_to_whoever_has_it_from_before(
        self, company: Company, tanaka: Subscription
    ) -> None:
        before = tanaka.get()
        company.clock.now = NOW + timedelta(hours=1)
        company.propose()
        known = [
            {"If_None_Match": before.headers["ETag"]},
            {"If_Modified_Since": before.headers["Last-Modified"]},
        ]
        after = [tanaka.get(**headers) for headers in known]
        assert [each.status_code for each in after] == [200, 200]
        assert b"BEGIN:VEVENT" in after[0].data
        assert after[0].headers["ETag"] != before.headers["ETag"]
        assert after[0].headers["Last-Modified"] == "Sat, 21 Nov 2026 01:00:00 GMT"

    def test_who_left_an_appointment_is_not_told_that_nothing_changed(self, company: Company) -> None:
        made, suzuki = company.propose(), Subscription(company, company.office.suzuki)
        before = suzuki.get()
        assert b"BEGIN:VEVENT" in before.data
        company.clock.now = NOW + timedelta(hours=1)
        company.services.coordination.revise(made.id, Edit(), BY, company.clock.now, (company.office.tanaka,))
        company.read()
        after = suzuki.get(If_Modified_Since=before.headers["Last-Modified"])
        assert after.status_code == 200
        assert b"BEGIN:VEVENT" not in after.data

    def test_another_process_sends_the_same_bytes(self, company: Company, tanaka: Subscription) -> None:
        confirm(company, company.propose(platform=Platform.NONE))
        content, tag = tanaka.calendar(), tanaka.get().headers["ETag"]
        company.clock.now = NOW + timedelta(hours=1)
        elsewhere = create_app(company.services).test_client()
        assert elsewhere.get(tanaka.path).data == content
        afresh = create_app(company.services).test_client()
        assert afresh.get(tanaka.path, headers={"If-None-Match": tag}).status_code == 304

    def test_a_look_at_its_head_tells_as_much(self, company: Company, tanaka: Subscription) -> None:
        company.propose()
        head, whole = tanaka.http.head(tanaka.path), tanaka.get()
        assert (head.status_code, head.data) == (200, b"")
        for name in ("ETag", "Last-Modified", "Content-Type", "Content-Length"):
            assert head.headers[name] == whole.headers[name]

    def test_what_a_projection_stumbled_over_does_not_keep_the_rest_back(
        self, company: Company, tanaka: Subscription
    ) -> None:
        stuck, fine = company.propose(), company.propose(offers=(offer(27, 1),))
        row = {"projection": "appointments", "stream": stuck.id, "position": 1, "error": "E", "since": NOW}
        with company.services.rows.write() as connection:
            upsert(connection, parked, [row])
        (event,) = tanaka.events()
        assert fine.id in event["UID"]


class TestWhatStandsInIt:
    def test_the_feed_reads_as_it_did(
        self, company: Company, tanaka: Subscription, request: pytest.FixtureRequest
    ) -> None:
        furnish(company)
        now = tanaka.calendar().decode().replace("\r\n", "\n")
        if request.config.getoption("--rewrite-golden", default=False):
            GOLDEN.write_text(now, encoding="utf-8")
        assert now == GOLDEN.read_text(encoding="utf-8"), (
            "changed: read it, then pytest tests/mail tests/web/test_feeds.py --rewrite-golden"
        )

    def test_holds_are_tentative_and_the_time_that_is_fixed_keeps_its_name(
        self, company: Company, tanaka: Subscription
    ) -> None:
        made = company.propose(platform=Platform.NONE)
        before = {candidate(event): event for event in tanaka.events()}
        assert {id: event["STATUS"] for id, event in before.items()} == {"c1": "TENTATIVE", "c2": "TENTATIVE"}
        assert before["c2"]["SUMMARY"] == "【仮】ABC株式会社:山田太郎 様"
        company.clock.now = NOW + timedelta(hours=1)
        confirm(company, made, "c2")
        after = {candidate(event): event for event in tanaka.events()}
        assert {id: event["STATUS"] for id, event in after.items()} == {"c1": "CANCELLED", "c2": "CONFIRMED"}
        assert after["c2"]["SUMMARY"] == "ABC株式会社:山田太郎 様"
        assert after["c2"]["UID"] == before["c2"]["UID"]
        assert all(after[id]["SEQUENCE"] > before[id]["SEQUENCE"] for id in after)
        assert after["c2"]["LAST-MODIFIED"].dt == after["c2"]["DTSTAMP"].dt == company.clock.now
        assert [after[id]["TRANSP"] for id in ("c1", "c2")] == ["TRANSPARENT", "OPAQUE"]

    def test_it_says_where_and_how_to_join(self, company: Company, tanaka: Subscription) -> None:
        app, lead = company.services.coordination, company.office.tanaka
        made = company.propose(platform=Platform.ZOOM)
        confirm(company, made)
        first = next(event for event in tanaka.events() if candidate(event) == "c1")
        zoom = Meeting("https://zoom.example/j/81700860989", "81700860989", "7K2mQx")
        app.issue_meeting(made.id, zoom, company.office.zoom[lead], BY, NOW)
        event = next(event for event in tanaka.events() if candidate(event) == "c1")
        assert event["LOCATION"] == zoom.join_url
        for words in (zoom.join_url, "817 0086 0989", zoom.passcode, f"/appointments/{made.id}"):
            assert words in event["DESCRIPTION"]
        assert event["SEQUENCE"] > first["SEQUENCE"]
        assert event["ORGANIZER"] == "mailto:tanaka@example.com"

    def test_what_entries_do_not_say_changes_nothing(self, company: Company, tanaka: Subscription) -> None:
        app, made = company.services.coordination, company.propose(offers=(offer(25, 1), offer(26, 2)))
        content = tanaka.calendar()
        company.clock.now = later = NOW + timedelta(hours=1)
        app.resend_request(made.id, BY, later)
        app.reissue_link(made.id, BY, later)
        app.revise(made.id, Edit(message="よろしくお願いします。"), BY, later)
        assert tanaka.calendar() == content
        app.withdraw_candidate(made.id, "c1", BY, later)
        changed = {candidate(event): event["LAST-MODIFIED"].dt for event in tanaka.events()}
        assert changed == {"c1": later, "c2": NOW}

    def test_what_is_called_off_is_named_for_a_month(self, company: Company, tanaka: Subscription) -> None:
        made = company.propose(offers=(offer(25, 1), Offer(at(25, 1) + 90 * DAY, at(25, 2) + 90 * DAY)))
        company.services.coordination.withdraw_candidate(made.id, "c2", BY, NOW)
        assert tanaka.stands() == {"c1": "TENTATIVE", "c2": "CANCELLED"}
        company.clock.now = NOW + 2 * DAY
        company.services.coordination.cancel(made.id, "", BY, company.clock.now)
        cancelled = {candidate(event): event for event in tanaka.events()}
        assert cancelled["c1"]["STATUS"] == "CANCELLED"
        assert not {"DESCRIPTION", "LOCATION"} & set(cancelled["c1"])
        company.clock.now = NOW + KEPT + DAY
        assert tanaka.stands() == {"c1": "CANCELLED"}
        company.clock.now = NOW + KEPT + 3 * DAY
        assert tanaka.stands() == {}

    def test_no_later_change_keeps_or_brings_back_what_is_gone(
        self, company: Company, tanaka: Subscription
    ) -> None:
        app, far = company.services.coordination, Offer(at(25, 1) + 90 * DAY, at(25, 2) + 90 * DAY)
        made = company.propose(offers=(offer(25, 1), far))
        app.withdraw_candidate(made.id, "c1", BY, NOW)
        app.revise(made.id, Edit(title="導入のご相談"), BY, NOW + 20 * DAY)
        company.clock.now = NOW + KEPT + DAY
        assert tanaka.stands() == {"c2": "TENTATIVE"}
        confirm(company, made, "c2")
        company.clock.now = far.end + KEPT + DAY
        company.services.erase_guest(made.id, BY)
        assert tanaka.stands() == {}

    def test_what_took_place_stays_for_a_month(self, company: Company, tanaka: Subscription) -> None:
        confirm(company, company.propose(platform=Platform.NONE, offers=(offer(25, 1),)))
        company.clock.now = at(25, 2) + KEPT
        assert tanaka.stands() == {"c1": "CONFIRMED"}
        company.clock.now = at(25, 2) + KEPT + DAY
        assert tanaka.stands() == {}

    def test_a_day_in_which_nothing_happens_changes_nothing(
        self, company: Company, tanaka: Subscription
    ) -> None:
        company.propose(offers=(offer(30, 1),))
        content = tanaka.calendar()
        company.clock.now = NOW + timedelta(hours=23, minutes=59)
        assert tanaka.calendar() == content

    def test_what_nobody_chose_in_time_is_called_off(self, company: Company, tanaka: Subscription) -> None:
        company.propose(offers=(offer(25, 1), offer(26, 2)))
        company.clock.now = at(25, 3)
        company.read()
        assert tanaka.stands() == {"c1": "CANCELLED", "c2": "TENTATIVE"}
        company.clock.now = at(26, 3)
        company.read()
        assert tanaka.stands() == {"c1": "CANCELLED", "c2": "CANCELLED"}

    def test_only_who_takes_part_has_it(self, company: Company) -> None:
        """Tanaka writes, Suzuki attends; an administrator sees everything, but attends nothing."""
        company.propose(attendees=(company.office.suzuki,), organizer=company.office.suzuki)
        has = [
            len(Subscription(company, member).events())
            for member in (company.office.tanaka, company.office.suzuki, company.office.sato, company.boss)
        ]
        assert has == [0, 2, 0, 0]

    def test_who_takes_part_no_longer_has_it_called_off_or_not_at_all(
        self, company: Company, tanaka: Subscription
    ) -> None:
        """The author still knows of the appointment; somebody else is to know nothing more."""
        made, suzuki = company.propose(), Subscription(company, company.office.suzuki)
        company.services.coordination.revise(made.id, Edit(), BY, NOW, (company.office.sato,))
        assert tanaka.stands() == {"c1": "CANCELLED", "c2": "CANCELLED"}
        assert suzuki.stands() == {}

    def test_a_forgotten_guest_is_not_named(self, company: Company, tanaka: Subscription) -> None:
        made = company.propose(platform=Platform.NONE, note="山田様は午後がよい", offers=(offer(25, 1),))
        confirm(company, made)
        assert "山田" in str(tanaka.events()[0]["DESCRIPTION"])
        company.clock.now = at(26, 0)
        company.services.erase_guest(made.id, BY)
        (event,) = tanaka.events()
        assert event["SUMMARY"] == "（消去済み）"
        assert not [w for w in ("山田", "ABC", "yamada") if w in event.to_ical().decode()]

    @pytest.mark.parametrize("visibility", list(Visibility))
    def test_visibility_is_told_as_class(
        self, company: Company, tanaka: Subscription, visibility: Visibility
    ) -> None:
        company.propose(visibility=visibility)
        classes = {event.get("CLASS") for event in tanaka.events()}
        assert classes == {None if visibility is Visibility.DEFAULT else visibility.upper()}

    def test_it_is_written_in_the_members_language_and_zone(
        self, company: Company, tanaka: Subscription
    ) -> None:
        company.propose()
        assert "X-WR-CALNAME:調整アポ（田中 一郎）".encode() in tanaka.calendar()
        company.services.coordination.choose_locality(
            company.office.tanaka, "en", "America/New_York", BY, NOW
        )
        content = tanaka.calendar()
        assert "X-WR-CALNAME:chouseiapo (田中 一郎)".encode() in content
        event = next(event for event in tanaka.events() if candidate(event) == "c1")
        assert event["SUMMARY"] == "[Hold] ABC株式会社: 山田太郎"
        assert b"DTSTART;TZID=America/New_York:20261124T200000" in content
        assert event["DTSTART"].dt == at(25, 1)

    def test_an_empty_one_is_a_calendar_too(self, tanaka: Subscription) -> None:
        calendar = Calendar.from_ical(tanaka.calendar())
        assert [part.name for part in calendar.subcomponents] == ["VTIMEZONE"]


class TestTheWire:
    @pytest.mark.parametrize("title", ["あ" * 251, "👩‍👩‍👧‍👦" * 35, "a;b,c\\n" * 30])
    def test_lines_are_short_and_characters_whole(
        self, company: Company, tanaka: Subscription, title: str
    ) -> None:
        company.propose(title=title, note="一行目\n二行目\r\n三\x0b行目")
        content = tanaka.calendar()
        assert max(map(len, content.split(b"\r\n"))) <= 75
        assert b"\n" not in content.replace(b"\r\n", b"")
        assert all(line.decode() is not None for line in content.split(b"\r\n"))
        assert not any(byte < 32 and byte not in b"\r\n" for byte in content)
        event = tanaka.events()[0]
        assert event["SUMMARY"] == f"【仮】{title}"
        assert "一行目\n二行目\n三行目" in str(event["DESCRIPTION"])

    @pytest.mark.parametrize("zone", ["America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"])
    def test_offsets_are_those_of_each_day_over_the_years(
        self, company: Company, tanaka: Subscription, zone: str
    ) -> None:
        """Every month for two years; read as RFC 5545 says, by the zone's own definition alone."""
        company.services.coordination.choose_locality(company.office.tanaka, None, zone, BY, NOW)
        starts = [at(25, 1) + n * 30 * DAY for n in range(24)]
        company.propose(offers=tuple(Offer(start, start + timedelta(hours=1)) for start in starts))
        content = tanaka.calendar().replace(b"\r\n ", b"").decode()
        assert content.count("BEGIN:VTIMEZONE") == (zone != "UTC")
        found = sorted(
            read_locally(line, content) for line in content.split("\r\n") if line.startswith("DTSTART;TZID=")
        )
        assert found == ([] if zone == "UTC" else starts)
        if zone == "UTC":
            assert content.count("DTSTART:") == len(starts)
        else:
            assert f"DTSTART;TZID={zone}:{starts[-1].astimezone(ZoneInfo(zone)):%Y%m%dT%H%M%S}" in content


def read_locally(line: str, calendar: str) -> datetime:
    """The instant of a local time, by the calendar's own VTIMEZONE."""
    local = datetime.strptime(line.rpartition(":")[2] + "Z", "%Y%m%dT%H%M%S%z")
    onsets = []
    for block in calendar.split("BEGIN:VTIMEZONE")[1].split("END:VTIMEZONE")[0].split("BEGIN:")[1:]:
        told = dict(part.split(":", 1) for part in block.splitlines() if ":" in part)
        since = datetime.strptime(told["DTSTART"] + "Z", "%Y%m%dT%H%M%S%z")
        offset = datetime.strptime(told["TZOFFSETTO"], "%z").utcoffset()
        onsets.append((since, offset))
    offset = [each for since, each in sorted(onsets) if since <= local][-1]
    return (local - (offset or timedelta())).astimezone(UTC)


def furnish(company: Company) -> None:
    """One appointment of each kind, at fixed ids, told by the clock."""
    app, office = company.services.coordination, company.office

    def propose(n: int, **changes: Any) -> str:
        made = app.propose(f"appointment-{n:032x}", office.proposal(**changes), office.tanaka, BY, NOW)
        return made.id

    propose(1, note="前回のお見積もりを持参")
    confirmed = propose(
        2,
        platform=Platform.URL,
        url="https://meet.example/room",
        offers=(offer(27, 1), offer(27, 5, room=office.room)),
        visibility=Visibility.PRIVATE,
        title="導入のご相談",
    )
    app.confirm(confirmed, "c1", YAMADA, BY, NOW + timedelta(minutes=5))
    visit = propose(3, offers=(offer(30, 1, room=office.room),), organizer=office.suzuki)
    app.confirm(visit, "c1", YAMADA, BY, NOW + timedelta(minutes=6))
    cancelled = propose(4, offers=(offer(28, 1, hours=26 - 8),))
    app.cancel(cancelled, "", BY, NOW + timedelta(minutes=7))
