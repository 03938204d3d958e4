"""pytest-playwright's fixtures: our Chromium, in Japanese, in Tokyo; a page that complains fails its test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Playwright, Request, Response, WebError

from tests.browser import chromium

HERE = Path(__file__).parent
NewContext = Callable[..., BrowserContext]
Axed = Callable[[Page], None]
Shoot = Callable[[Page, str], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session", autouse=True)
def _locked_node() -> None:
    """Playwright's own Node needs a library that a small Debian lacks; ours is there and pinned anyway."""
    os.environ["PLAYWRIGHT_NODEJS_PATH"] = str(chromium.NODE)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    found = chromium.find()
    return {
        **browser_type_launch_args,
        "executable_path": str(found.executable),
        "args": list(chromium.ARGUMENTS),
        "env": {**os.environ, **found.environment},
    }


class Complaints:
    """What the pages of one test complained of: console errors (a breach of the CSP is one), uncaught errors,
    requests that failed. A page that answers 404 or 409 because the test went there is no complaint."""

    def __init__(self) -> None:
        self._heard: list[tuple[str, str]] = []
        self._visited: set[str] = set()
        self._contexts: list[BrowserContext] = []

    def watch(self, context: BrowserContext) -> None:
        self._contexts.append(context)
        context.on("console", self._console)
        context.on("weberror", self._uncaught)
        context.on("requestfailed", self._failed)
        context.on("response", self._answered)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "assert"}:
            self._heard.append((f"console: {message.text}", message.location.get("url", "")))

    def _uncaught(self, error: WebError) -> None:
        self._heard.append((f"uncaught: {error.error}", error.page.url if error.page else ""))

    def _failed(self, request: Request) -> None:
        # Aborted is what a page left behind when it moved on, or a download.
        if request.failure != "net::ERR_ABORTED":
            self._heard.append((f"request failed: {request.failure}", request.url))

    def _answered(self, response: Response) -> None:
        if response.request.is_navigation_request():
            self._visited.add(response.url)

    def take(self, part: str = "") -> list[str]:
        """Those with `part` in them, which are then no longer held against the test."""
        for page in (page for context in self._contexts for page in context.pages):
            page.evaluate("0")  # a round trip to the page: what it said before has arrived
        heard = [f"{text} ({url})" for text, url in self._heard if not self._is_visited_page(text, url)]
        self._heard = [each for each in self._heard if part not in f"{each[0]} ({each[1]})"]
        return [complaint for complaint in heard if part in complaint]

    def _is_visited_page(self, text: str, url: str) -> bool:
        return "Failed to load resource" in text and url in self._visited


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def new_context(new_context: NewContext, complaints: Complaints) -> Iterator[NewContext]:
    """Every context of a test, `page`'s and `phone`'s too, comes from here."""

    def watched(**options: Any) -> BrowserContext:
        context = new_context(**{"locale": "ja-JP", "timezone_id": "Asia/Tokyo", **options})
        complaints.watch(context)
        return context

    yield watched
    heard = complaints.take()
    assert not heard, "the pages complained:\n" + "\n".join(heard)


@pytest.fixture
def phone(new_context: NewContext, playwright: Playwright) -> BrowserContext:
    """A context like a Pixel 7's: small, touched, three pixels to one."""
    return new_context(**playwright.devices["Pixel 7"])


@pytest.fixture
def axe() -> Axed:
    """Call it with a page: no violation of axe's rules is accepted."""

    def check(page: Page) -> None:
        __tracebackhide__ = True
        if page.evaluate("matchMedia('(scripting: none)').matches"):
            pytest.fail("axe is a script and would wait for ever: open the page in a context with scripts")
        violations = Axe().run(page).response["violations"]
        if violations:
            pytest.fail(f"axe at {page.url}:\n" + "\n".join(map(in_words, violations)))

    return check


def in_words(violation: dict[str, Any]) -> str:
    nodes = [f"    {' '.join(map(str, node['target']))}: {node['html']}" for node in violation["nodes"]]
    return "\n".join([f"  {violation['id']} ({violation['impact']}): {violation['help']}", *nodes])


@pytest.fixture
def shoot() -> Shoot:
    """Saves the whole page as NAME.png to the folder in $CHOUSEIAPO_SHOTS; without it, nothing."""
    folder = os.environ.get("CHOUSEIAPO_SHOTS")

    def save(page: Page, name: str) -> None:
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png", full_page=True, animations="disabled")

    return save
