"""What the staff's journeys share: a signed-in page, the cells of the week, a mouse or finger that draws."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import BrowserContext, CDPSession, Locator, Page

from tests.web.live import Live

LONG_PRESS_MS = 400


def signed_in(context: BrowserContext, live: Live, member: str) -> Page:
    context.add_cookies([live.session(member)])  # type: ignore[list-item]  # its own type says the same
    page = context.new_page()
    page.goto(live.url)
    return page


def cell(page: Page, day: str, clock: str) -> Locator:
    return page.locator(f'[role=gridcell][aria-label^="{day} {clock} "]')


def middle(place: Locator) -> tuple[float, float]:
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 3, box["y"] + box["height"] / 2


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """With the mouse."""
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=6)
    page.mouse.up()


@contextmanager
def finger(page: Page) -> Iterator[CDPSession]:
    """Real touches, as the browser's own protocol sends them."""
    session = page.context.new_cdp_session(page)
    yield session
    session.detach()


def touch(session: CDPSession, kind: str, *at: float) -> None:
    points = [{"x": at[0], "y": at[1]}] if at else []
    session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})


def draw(
    page: Page, start: tuple[float, float], end: tuple[float, float], wait_ms: int = LONG_PRESS_MS
) -> None:
    """With a finger that rests before it moves."""
    with finger(page) as session:
        touch(session, "touchStart", *start)
        page.wait_for_timeout(wait_ms)
        for part in (0.25, 0.5, 0.75, 1):
            touch(session, "touchMove", *(a + (b - a) * part for a, b in zip(start, end, strict=True)))
        touch(session, "touchEnd")


def picked(page: Page) -> list[str]:
    return page.locator(".picked .when").all_inner_texts()


def fill_guest(page: Page) -> None:
    page.get_by_label("会社名").fill("ABC株式会社")
    page.get_by_label("お客様のお名前").fill("山田太郎")
    page.get_by_label("お客様のメールアドレス").fill("yamada@example.net")
