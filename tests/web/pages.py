"""Reads a page as a browser without a script would: its words, its forms, and what each would send."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"input", "meta", "link", "br", "img", "hr"}


class Form:
    """What a form sends, field by field in order; `action` is where to."""

    def __init__(self, action: str, method: str) -> None:
        self.action, self.method = action, method
        self.fields: list[tuple[str, str]] = []
        self.buttons: list[tuple[str, str]] = []

    def value(self, name: str) -> str:
        return dict(self.fields).get(name, "")

    def values(self, name: str) -> list[str]:
        return [value for field, value in self.fields if field == name]

    def filled(self, **typed: str | list[str]) -> dict[str, list[str]]:
        """The fields with what somebody types; a list stands for a name that comes several times."""
        sent: dict[str, list[str]] = {}
        for name, value in self.fields:
            sent.setdefault(name, []).append(value)
        return sent | {name: [text] if isinstance(text, str) else text for name, text in typed.items()}


class Page(HTMLParser):
    """A page's text, forms and problems; templates are not part of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.problems: list[str] = []
        self.title = ""
        self._text: list[str] = []
        self._open: list[tuple[str, dict[str, str]]] = []
        self._by_id: dict[str, Form] = {}
        self._waiting: list[tuple[str, tuple[str, str]]] = []
        self._select = self._area = ""
        self.feed(html)
        for form, field in self._waiting:
            self._by_id[form].buttons.append(field)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._text).split())

    def form(self, part: str) -> Form:
        """The first form whose address has that part."""
        return next(form for form in self.forms if part in form.action)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            form = Form(given.get("action", ""), given.get("method", "get"))
            self.forms.append(form)
            self._by_id[given.get("id", "")] = form
        if "template" not in (name for name, _ in self._open):
            self._take(tag, given)
        if tag not in VOID:
            self._open.append((tag, given))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            continue
        if tag == "select":
            self._select = ""
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        names = [name for name, _ in self._open]
        if "template" in names or "script" in names:
            return
        if self._area:
            self.forms[-1].fields.append((self._area, data.removeprefix("\n")))
            self._area = ""
        if names and names[-1] == "title":
            self.title += data
        if any(given.get("class") == "problem" for _, given in self._open) and data.strip():
            self.problems.append(data.strip())
        self._text.append(data)

    def _take(self, tag: str, given: dict[str, str]) -> None:
        name, kind = given.get("name", ""), given.get("type", "text")
        if tag == "a":
            self.links.append(given.get("href", ""))
        if tag == "button" and name:
            field = (name, given.get("value", ""))
            if "form" in given:
                self._waiting.append((given["form"], field))
            else:
                self.forms[-1].buttons.append(field)
        if tag == "select" and name:
            self._select = name
            self.forms[-1].fields.append((name, ""))
        if tag == "option" and self._select:
            self._choose(given)
        if tag == "textarea" and name:
            self._area = name
        if tag == "input" and name and (kind not in ("radio", "checkbox") or "checked" in given):
            self.forms[-1].fields.append((name, given.get("value", "")))

    def _choose(self, given: dict[str, str]) -> None:
        """A list sends its chosen option; without one, tests are content with nothing."""
        if "selected" in given:
            self.forms[-1].fields[-1] = (self._select, given.get("value", ""))
