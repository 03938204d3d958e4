"""Questions about hands on calendars, driven and looked at: no axe violation, none wider than the screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from chouseiapo.domain.appointment import State
from chouseiapo.domain.links import Provider
from chouseiapo.domain.proposal import Platform
from tests.browser.conftest import Axed, NewContext, Shoot
from tests.browser.staff import signed_in
from tests.browser.test_staff_looks import GUISES, look
from tests.product import BY, NOW, offer
from tests.web.live import Live
from tests.web.test_questions import THERE, by_hand, moved


def furnish(live: Live) -> dict[str, str]:
    """Everything that a hand can lead to; addresses by name."""
    app, office = live.services.coordination, live.office
    for owner, email in ((office.tanaka, "tanaka@example.com"), (office.room, "rooms@example.com")):
        app.note_vanished(app.link_account(owner, Provider.GOOGLE, "1", email, BY, NOW), 12, NOW)
    asked = moved(live, title="導入のご相談")
    deleted = live.propose(platform=Platform.ZOOM, offers=(offer(27, 1),))
    app.confirm(deleted.id, "c1", deleted.guest, BY, NOW)
    by_hand(live, deleted.id, None, owner=office.tanaka)
    last = live.propose(offers=(offer(28, 1),))
    by_hand(live, last.id, None)
    unsure = live.propose(offers=(offer(29, 1), offer(29, 3), offer(29, 5), offer(30, 1)))
    by_hand(live, unsure.id, THERE, "c2")
    by_hand(live, unsure.id, None, "c4")
    by_hand(live, unsure.id, None, "c1", follow=False)
    own, room = (app.owner(id).calendar for id in (office.tanaka, office.room))
    assert own is not None
    assert room is not None
    return {
        "home": "/",
        "moved": f"/appointments/{asked.id}",
        "deleted": f"/appointments/{deleted.id}",
        "last": f"/appointments/{last.id}",
        "unsure": f"/appointments/{unsure.id}",
        "vanished": f"/calendars/{own.id}/vanished",
        "rooms-vanished": f"/calendars/{room.id}/vanished",
        "mail": "/outbox",
    }


@pytest.fixture(params=list(GUISES))
def guise(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_pages(live: Live, new_context: NewContext, axe: Axed, shoot: Shoot, guise: str) -> None:
    addresses = furnish(live)
    tanaka, boss = (signed_in(new_context(**GUISES[guise]), live, m) for m in (live.office.tanaka, live.boss))
    for name, path in addresses.items():
        page = boss if name in ("mail", "rooms-vanished") else tanaka
        page.goto(live.url + path)
        look(page, f"hands-{name}-{guise}", axe, shoot)
    tanaka.goto(live.url + addresses["moved"])
    tanaka.locator(".question summary").click()
    look(tanaka, f"hands-cancelling-{guise}", axe, shoot)
    tanaka.locator(".question form[action$='/instead'] button").click()
    tanaka.wait_for_url("**/appointments/new/*")
    look(tanaka, f"hands-instead-{guise}", axe, shoot)
    tanaka.locator("[value=review]").click()
    tanaka.wait_for_url("**/review")
    look(tanaka, f"hands-review-{guise}", axe, shoot)
    tanaka.locator("form.actions .main").click()
    tanaka.wait_for_url("**done=sent")
    live.read()
    tanaka.reload()
    look(tanaka, f"hands-new-{guise}", axe, shoot)
    tanaka.goto(live.url + addresses["moved"])
    look(tanaka, f"hands-standing-{guise}", axe, shoot)


def test_an_answer_with_the_keyboard_alone(live: Live, new_context: NewContext) -> None:
    made = moved(live)
    page = signed_in(new_context(), live, live.office.tanaka)
    page.get_by_role("link", name="どうするかをお選びください").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="この日時のままにする").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**done=kept")
    expect(page.get_by_role("heading", name="この日時のままにします。")).to_be_visible()
    assert live.appointment(made.id).question is None


def test_cancelling_needs_two_deliberate_steps(live: Live, new_context: NewContext) -> None:
    made = moved(live)
    page = signed_in(new_context(), live, live.office.tanaka)
    page.goto(f"{live.url}/appointments/{made.id}")
    question = page.get_by_role("region", name="この予定が動かされました")
    expect(question.get_by_role("button", name="キャンセルする")).to_be_hidden()
    question.locator("summary").click()
    expect(question.get_by_text("お知らせのメールが届く人")).to_be_visible()
    question.get_by_role("button", name="このアポイントメントをキャンセルする").click()
    page.wait_for_url("**done=cancel")
    assert live.appointment(made.id).state is State.CANCELLED
