"""The browser tests' own footing: a real Chromium, a Japanese font, and nothing that goes wrong unnoticed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.conftest import Axed, Complaints, NewContext, Shoot

PAGE = """<!doctype html>
<html lang="ja"><head><meta charset="utf-8"><title>日程調整</title><link rel="icon" href="/icon.svg">
<meta name="viewport" content="width=device-width"></head>
<body><main><h1>日程をお選びください</h1><p>11月25日(水) 10:00〜11:00</p>%s</main></body></html>"""
ICON = '<svg xmlns="http://www.w3.org/2000/svg"/>'
PAGES = {
    "/": PAGE % '<button type="button">この日時で確定する</button>',
    "/inline-style": PAGE % '<p style="color: red">赤</p>',
    "/throws": PAGE % '<script src="/throws.js"></script>',
    "/missing-picture": PAGE % '<img src="/missing.png" alt="">',
    "/unnamed-button": PAGE % '<button type="button"></button>',
    "/throws.js": "throw new Error('broken script')",
    "/icon.svg": ICON,
}
KINDS = {"svg": "image/svg+xml", "js": "text/javascript"}
# A canvas shows what is really drawn: without a font for it, every character is the same box.
DRAWN = """characters => characters.map(character => {
    const canvas = document.createElement('canvas');
    const pen = canvas.getContext('2d');
    pen.font = '40px system-ui';
    pen.fillText(character, 10, 60);
    return canvas.toDataURL();
})"""


class Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = PAGES.get(self.path)
        body = (found or PAGE % "<p>ありません</p>").encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", KINDS.get(self.path.rpartition(".")[2], "text/html"))
        self.send_header("Content-Security-Policy", "default-src 'self'")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """A quiet server."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_japanese_is_drawn_with_glyphs_and_not_with_boxes(page: Page, site: str, shoot: Shoot) -> None:
    page.goto(site)
    drawn = page.evaluate(DRAWN, [*"調整予定あア", "\U0010fffd"])
    assert len(set(drawn)) == len(drawn)
    shoot(page, "browser")


def test_a_page_is_read_in_japanese_and_in_tokyo(page: Page, site: str, axe: Axed) -> None:
    page.goto(site)
    assert page.evaluate("[navigator.language, new Date('2026-11-25T01:00Z').getHours()]") == ["ja-JP", 10]
    axe(page)


def test_a_phone_is_small_and_touched(phone: BrowserContext, site: str, shoot: Shoot) -> None:
    page = phone.new_page()
    page.goto(site)
    assert page.evaluate("[innerWidth, navigator.maxTouchPoints > 0]") == [412, True]
    shoot(page, "browser-phone")


def test_a_page_without_scripts_is_watched_too(
    new_context: NewContext, site: str, complaints: Complaints, axe: Axed
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto(f"{site}/throws")
    assert complaints.take() == []
    page.goto(f"{site}/missing-picture")
    assert complaints.take("404")
    with pytest.raises(pytest.fail.Exception, match="axe is a script"):
        axe(page)


@pytest.mark.parametrize(
    ("path", "complaint"),
    [
        ("/inline-style", "Content Security Policy"),
        ("/throws", "broken script"),
        ("/missing-picture", "404"),
    ],
)
def test_what_goes_wrong_in_a_page_is_noticed(
    page: Page, site: str, complaints: Complaints, path: str, complaint: str
) -> None:
    page.goto(site + path)
    assert len(complaints.take(complaint)) == 1


def test_a_page_that_answers_not_found_is_no_complaint(page: Page, site: str) -> None:
    response = page.goto(f"{site}/gone")
    assert response
    assert response.status == 404


def test_a_request_that_fails_is_noticed(page: Page, site: str, complaints: Complaints) -> None:
    page.route("**/missing.png", lambda route: route.abort("connectionrefused"))
    page.goto(f"{site}/missing-picture")
    assert [complaint for complaint in complaints.take("missing.png") if "request failed" in complaint]


def test_a_button_without_a_name_fails_axe(page: Page, site: str, axe: Axed) -> None:
    page.goto(f"{site}/unnamed-button")
    with pytest.raises(pytest.fail.Exception, match="button-name"):
        axe(page)
