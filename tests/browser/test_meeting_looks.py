"""The pages about Zoom, meetings, moving and messages in their states, in four guises, as axe and a phone see
them.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page

from chouseiapo.domain.appointment import Appointment
from chouseiapo.domain.links import Provider
from chouseiapo.domain.meeting_options import MeetingOptions
from chouseiapo.domain.proposal import Delivery, Guest, Meeting, Platform
from chouseiapo.ledger import touch
from chouseiapo.tables import tasks
from projections.meetings import LEDGER
from tests.browser.conftest import Axed, NewContext, Shoot
from tests.browser.staff import signed_in
from tests.browser.test_staff_looks import GUISES, look
from tests.product import BY, NOW, offer
from tests.web.live import Live
from tests.web.outside import LiveAbroad

ISSUED = Meeting(
    "https://us02web.zoom.example/j/81700860989?pwd=aVeryLongPasscode1234567", "81700860989", "123456"
)


@pytest.fixture(params=list(GUISES))
def guise(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def proposed(live: Live, day: int) -> Appointment:
    return live.propose(platform=Platform.ZOOM, offers=(offer(day, 1),))


def confirmed(live: Live, made: Appointment, is_issued: bool = True) -> Appointment:
    app = live.services.coordination
    app.confirm(made.id, "c1", made.guest, BY, NOW)
    if is_issued:
        host = live.office.zoom[live.office.tanaka]
        app.issue_meeting(made.id, ISSUED, host, BY, NOW, app.meeting_options(made))
    return app.appointment(made.id)


def test_meetings(live: Live, new_context: NewContext, axe: Axed, shoot: Shoot, guise: str) -> None:
    app, office = live.services.coordination, live.office
    page = signed_in(new_context(**GUISES[guise]), live, office.tanaka)

    def visit(path: str, name: str) -> None:
        answer = page.goto(live.url + path)
        assert answer is not None
        assert answer.ok, f"{name} answers {answer.status}"
        page.locator("main details").evaluate_all("all => all.forEach(each => each.open = true)")
        look(page, f"meetings-{name}-{guise}", axe, shoot)

    offers = [proposed(live, day) for day in (25, 26, 27)]
    standing, gone, late = (confirmed(live, made, made is not offers[2]) for made in offers)
    app.note_meeting_gone(gone.id, 1, NOW)
    with live.services.rows.write() as connection:
        touch(connection, LEDGER, late.id, lane=office.zoom[office.tanaka])
        since = {"error": "daily_limit", "failing_since": NOW - timedelta(hours=1), "parked": True}
        connection.execute(tasks.update().where(tasks.c.key == late.id).values(since))
    live.read()
    at = f"/appointments/{standing.id}"
    visit(at, "standing")
    visit(f"/appointments/{gone.id}", "gone")
    visit(f"/appointments/{late.id}", "limited")
    visit(f"{at}/options", "options")
    visit(f"{at}/meeting/again", "again")
    visit(f"{at}/move", "move")
    visit(f"{at}/move?day=2026-11-28&begin=10:00&finish=12:00", "moving")
    visit(f"{at}/move?day=2026-11-28&begin=12:00&finish=10:00", "move-wrong")
    visit("/settings/meetings", "own")
    app.choose_appointment_options(standing.id, MeetingOptions(passcode=True, waiting_room=False), BY, NOW)
    app.request_meeting(standing.id, BY, NOW)
    visit(at, "outdated")
    app.unlink_account(office.tanaka, Provider.ZOOM, BY, NOW)
    app.link_account(office.tanaka, Provider.ZOOM, "other", "other@example.com", BY, NOW)
    visit(f"/appointments/{confirmed(live, proposed(live, 28)).id}", "unmanaged")
    page.goto(f"{live.url}{at}/start")
    look(page, f"meetings-not-started-{guise}", axe, shoot)


def test_messages(live: Live, new_context: NewContext, axe: Axed, shoot: Shoot, guise: str) -> None:
    page = signed_in(new_context(**GUISES[guise]), live, live.office.tanaka)
    live.propose()
    live.propose(guest=Guest(name="電話の方"), delivery=Delivery.LINK)
    page.goto(f"{live.url}/?state=all&select=1")
    look(page, f"messages-selecting-{guise}", axe, shoot)
    page.locator("[name=appointment]").evaluate_all("all => all.forEach(each => each.checked = true)")
    page.locator(".selection .main").click()
    page.wait_for_url("**/messages/*")
    page.locator("main button.main").click()
    page.wait_for_url("**#problems")
    look(page, f"messages-wrong-{guise}", axe, shoot)
    page.locator("#subject").fill("年末年始の休業のお知らせ")
    page.locator("#text").fill("12月29日から1月3日まで、お休みをいただきます。")
    page.locator("main button.main").click()
    page.wait_for_url("**/review")
    look(page, f"messages-review-{guise}", axe, shoot)


def test_zoom(live_abroad: LiveAbroad, new_context: NewContext, axe: Axed, shoot: Shoot, guise: str) -> None:
    live, app, office = live_abroad, live_abroad.services.coordination, live_abroad.office
    tanaka, boss = (signed_in(new_context(**GUISES[guise]), live, m) for m in (office.tanaka, live.boss))

    def visit(page: Page, path: str, name: str) -> None:
        answer = page.goto(live.url + path)
        assert answer is not None
        assert answer.ok, f"{name} answers {answer.status}"
        look(page, f"zoom-{name}-{guise}", axe, shoot)

    app.link_account(office.suzuki, Provider.ZOOM, "tanaka@example.com", "tanaka@example.com", BY, NOW)
    visit(tanaka, "/settings", "moved-away")
    visit(tanaka, "/settings/zoom/link", "before-linking")
    linked = app.link_account(
        office.tanaka,
        Provider.ZOOM,
        "t",
        "tanaka@example.com",
        BY,
        NOW,
        ("user:read:settings",),
        plan="basic",
    )
    visit(tanaka, "/settings?done=zoom", "attention")
    office.zoom[office.tanaka] = linked
    confirmed(live, proposed(live, 25))
    visit(tanaka, "/settings/zoom/unlink", "unlink")
    app.break_link(linked, "token_refused", NOW)
    visit(tanaka, "/settings", "broken")
    for why in ("denied", "no_permission", "stale"):
        visit(tanaka, f"/settings/calendar/refused?provider=zoom&why={why}", f"refused-{why}")
    visit(boss, "/settings/organization", "organization")
    visit(boss, "/settings/organization/meetings", "organization-options")
    visit(boss, "/settings/organization/hosts?q=host0", "hosts")
    boss.locator(".offered-links form button").first.click()
    boss.wait_for_url("**done=chosen")
    look(boss, f"zoom-hosts-chosen-{guise}", axe, shoot)
    boss.locator(".offered-links a").first.click()
    look(boss, f"zoom-host-removing-{guise}", axe, shoot)
