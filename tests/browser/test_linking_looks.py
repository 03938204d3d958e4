"""The pages about linked calendars and rooms in their states, in four guises, as axe and a phone see them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page

from chouseiapo.domain.links import Leaving, Provider
from chouseiapo.ledger import touch
from chouseiapo.tables import tasks
from projections.holds import LEDGER
from tests.browser.conftest import Axed, NewContext, Shoot
from tests.browser.staff import signed_in
from tests.browser.test_staff_looks import GUISES, look
from tests.product import BY, NOW, offer
from tests.web.outside import LiveAbroad


@pytest.fixture(params=list(GUISES))
def guise(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def link(live: LiveAbroad, owner: str, email: str, provider: Provider = Provider.GOOGLE) -> str:
    token = live.sandbox.grant(provider.value, email)
    return live.services.link_to(owner, provider, token, BY)


def test_one_s_own_calendar(
    live_abroad: LiveAbroad, new_context: NewContext, axe: Axed, shoot: Shoot, guise: str
) -> None:
    live, app, office = live_abroad, live_abroad.services.coordination, live_abroad.office
    page = signed_in(new_context(**GUISES[guise]), live, office.tanaka)

    def visit(path: str, name: str) -> None:
        page.goto(live.url + path)
        page.locator("main details.fold").evaluate_all("all => all.forEach(each => each.open = true)")
        look(page, f"linking-{name}-{guise}", axe, shoot)

    visit("/settings", "none")
    own = link(live, office.tanaka, "tanaka@example.com")
    live.sandbox.add_calendar("tanaka@example.com", "仕事", id="c_work@group.calendar.google.com")
    live.sandbox.add_calendar(
        "tanaka@example.com", "日本の祝日", "reader", "c_days@group.calendar.google.com"
    )
    live.propose(offers=(offer(25, 1), offer(26, 1)))
    visit("/settings?done=chosen", "ok")
    visit("/settings/calendar/choose?new=1", "choose")
    hint = page.locator(".own-left-out")
    page.get_by_role("radio", name="仕事").check()
    assert not hint.is_visible()
    page.locator('[name="busy"][value=""]').uncheck()
    assert hint.is_visible(), "what is on the own calendar counts no more"
    look(page, f"linking-choose-own-unticked-{guise}", axe, shoot)
    page.locator('[name="calendar"][value=""]').check()
    assert not hint.is_visible(), "what is written counts in any case"
    visit("/settings/calendar/unlink", "unlink")
    for why in ("denied", "no_permission"):
        visit(f"/settings/calendar/refused?provider=google&why={why}", f"refused-{why}")
    app.link_account(
        office.tanaka, Provider.GOOGLE, "x", "tanaka@example.com", BY, NOW, (), NOW + timedelta(days=7)
    )
    visit("/settings", "ends")
    visit("/settings/calendar/refused?provider=google&why=stale", "refused-linked")
    app.break_link(app.member(office.tanaka).links.popitem()[0], "token_refused", NOW)
    visit("/settings", "broken")
    visit("/settings/calendar/unlink", "unlink-broken")
    assert own


def test_entries_that_disappeared_and_a_calendar_that_is_cleared_up(
    live_abroad: LiveAbroad, new_context: NewContext, axe: Axed, shoot: Shoot, guise: str
) -> None:
    live, app, office = live_abroad, live_abroad.services.coordination, live_abroad.office
    page = signed_in(new_context(**GUISES[guise]), live, office.tanaka)
    own = link(live, office.tanaka, "tanaka@example.com")
    live.propose(offers=(offer(25, 1), offer(26, 1)))
    app.note_vanished(own, 12, NOW)
    page.goto(f"{live.url}/settings")
    look(page, f"linking-vanished-{guise}", axe, shoot)
    app.unlink_account(office.tanaka, Provider.GOOGLE, BY, NOW, Leaving.REMOVE)
    page.goto(f"{live.url}/settings?done=unlinked")
    look(page, f"linking-clearing-{guise}", axe, shoot)


def test_rooms(live_abroad: LiveAbroad, new_context: NewContext, axe: Axed, shoot: Shoot, guise: str) -> None:
    live, room = live_abroad, live_abroad.office.room
    page: Page = signed_in(new_context(**GUISES[guise]), live, live.boss)

    def visit(path: str, name: str) -> None:
        page.goto(live.url + path)
        look(page, f"rooms-{name}-{guise}", axe, shoot)

    visit(f"/rooms/{room}?done=added", "new")
    own = link(live, room, "boss@example.com")
    visit(f"/rooms/{room}/choose", "choose")
    app = live.services.coordination
    app.add_room("応接室", 0, BY, NOW)
    app.add_room("大会議室(とても長い名前の、南館3階にある会議室)", 24, BY, NOW)
    live.read()
    with live.services.rows.write() as connection:
        touch(connection, LEDGER, f"{own}/watch", lane=own)
        failing = {"error": "calendar_not_found", "failing_since": NOW - timedelta(hours=1), "parked": True}
        connection.execute(tasks.update().where(tasks.c.lane == own).values(failing))
    visit(f"/rooms/{room}", "failing")
    visit("/rooms", "list")
    page.locator("main form button").click()
    look(page, f"rooms-wrong-{guise}", axe, shoot)
