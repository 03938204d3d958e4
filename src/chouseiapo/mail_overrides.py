"""What is wrong with an operator's own mail templates: each fault with its place, and what would fit."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path

import msgspec
from jinja2 import Environment, TemplateNotFound, TemplateSyntaxError, UndefinedError, meta, nodes

from chouseiapo.config import Settings
from chouseiapo.mail import WRONG, Mails, environment, own_templates
from chouseiapo.mail_facts import When
from chouseiapo.mail_preview import known_names, names, preview

# What files are that are no templates, in whatever folder.
_NOTES = ("README", ".")
# What a template may look into, by the class that an error names.
_LOOKED_INTO = {
    "When": When.__struct_fields__,
    "Meeting": ("join_url", "meeting_id", "passcode"),
    "Letter": ("subject", "text", "by"),
}
_SAID = {
    "no_folder": "there is no such folder",
    "unknown_file": "no mail uses a file of this name",
    "unreadable": "can't be read as UTF-8 text",
    "syntax": "is no valid template: {name}",
    "unknown_name": "there is no {name} here",
    "failed": "can't be filled in: {name}",
}


class Fault(msgspec.Struct, frozen=True):
    """One thing wrong. file: within the operator's folder. line: from 1, 0 for a whole file. name: the word
    concerned, or what went wrong. known: the words or files that there are."""

    file: str
    line: int
    code: str
    name: str = ""
    known: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file

    @property
    def said(self) -> str:
        """What is wrong, in English."""
        return _SAID[self.code].format(name=self.name)


def find_faults(settings: Settings, now: datetime) -> list[Fault]:
    """Everything wrong with the templates in the operator's folder, whether sample data reaches it or not."""
    folder = settings.mail_templates
    if folder is None:
        return []
    if not folder.is_dir():
        return [Fault(str(folder), 0, "no_folder")]
    found = [*_on_reading(folder, settings, now)]
    files = {fault.file for fault in found}
    later = dict.fromkeys(_on_filling_in(folder, settings, now))
    found += (fault for fault in later if fault.file not in files)
    return sorted(found, key=lambda fault: (fault.file, fault.line))


def override_files(folder: Path) -> list[str]:
    """The operator's templates, by their path within the folder."""
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    within = (path.relative_to(folder) for path in paths)
    return [path.as_posix() for path in within if not any(part.startswith(_NOTES) for part in path.parts)]


def _on_reading(folder: Path, settings: Settings, now: datetime) -> Iterator[Fault]:
    """What the files' text tells: misspelt files, syntax, names that no mail has."""
    templates, trees = environment(folder), dict[str, nodes.Template]()
    for file in override_files(folder):
        try:
            tree = templates.parse((folder / file).read_text(encoding="utf-8"), file)
            meta.find_undeclared_variables(tree)  # finds unknown filters
            trees[file] = tree
        except TemplateSyntaxError as error:
            yield Fault(file, error.lineno, "syntax", error.message or "")
        except (OSError, UnicodeError):
            yield Fault(file, 0, "unreadable")
    yield from _misspelt_files(trees)
    known = _Known(settings, now, [*trees.values(), *_parsed(own_templates(), environment(None))])
    for file, tree in trees.items():
        for name, line in _unknown_names(tree, known.of(file)):
            yield Fault(file, line, "unknown_name", name, _closest_first(name, known.of(file)))


def _closest_first(name: str, known: set[str]) -> tuple[str, ...]:
    meant = get_close_matches(name, known)
    return (*meant, *sorted(known.difference(meant)))


def _misspelt_files(trees: Mapping[str, nodes.Template]) -> Iterator[Fault]:
    """Files that replace none of ours, and that no file of the operator's brings in either."""
    ours = override_files(own_templates())
    included = {name for tree in trees.values() for name in meta.find_referenced_templates(tree)}
    for file in trees.keys() - included - set(ours):
        yield Fault(file, 0, "unknown_file", known=tuple(get_close_matches(file, ours, 3)))


class _Known:
    """The names that a file may use: those of its mail; a shared file's, those of any mail that has it."""

    def __init__(self, settings: Settings, now: datetime, trees: Iterable[nodes.Template]) -> None:
        self._of_mails = {name: known_names(name, settings, now) for name in names()}
        self._made = {name for tree in trees for name in _made(tree)}

    def of(self, file: str) -> set[str]:
        locale, _, rest = file.partition("/")
        mail = f"{locale}/{rest.partition('/')[0]}"
        if mail in self._of_mails:
            return self._of_mails[mail] | self._made
        shared = (known for name, known in self._of_mails.items() if locale in (name[:2], "_base"))
        return self._made.union(*shared)


def _made(tree: nodes.Template) -> Iterator[str]:
    """Names that a template gives itself, and to those that it extends or includes."""
    for made in tree.find_all((nodes.Import, nodes.FromImport, nodes.Assign)):
        match made:
            case nodes.Import():
                yield made.target
            case nodes.FromImport():
                yield from (name if isinstance(name, str) else name[1] for name in made.names)
            case nodes.Assign():
                yield from (name.name for name in made.find_all(nodes.Name) if name.ctx == "store")


def _unknown_names(tree: nodes.Template, known: set[str]) -> Iterator[tuple[str, int]]:
    """Each unknown name, with the line of its first use; who asks whether a name is defined may use it."""
    asked = {
        test.node.name
        for test in tree.find_all(nodes.Test)
        if test.name in ("defined", "undefined") and isinstance(test.node, nodes.Name)
    }
    unknown = meta.find_undeclared_variables(tree) - known - asked
    uses = [use for use in tree.find_all(nodes.Name) if use.name in unknown]
    for name in sorted(unknown):
        yield name, min(use.lineno for use in uses if use.name == name)


def _parsed(folder: Path, templates: Environment) -> list[nodes.Template]:
    return [templates.parse((folder / file).read_text(encoding="utf-8")) for file in override_files(folder)]


def _on_filling_in(folder: Path, settings: Settings, now: datetime) -> Iterator[Fault]:
    """What sample data brings to light. What stops a mail before any line of the operator's is filled in
    was found on reading."""
    mails = Mails(settings, strict=True)
    for name in names():
        try:
            preview(mails, name, now)
        except WRONG as error:
            frames = reversed(traceback.extract_tb(error.__traceback__))
            theirs = next((each for each in frames if Path(each.filename).is_relative_to(folder)), None)
            if theirs is not None:
                file = Path(theirs.filename).relative_to(folder).as_posix()
                yield Fault(file, theirs.lineno or 0, "failed", *_told(error))


def _told(error: Exception) -> tuple[str, tuple[str, ...]]:
    """What went wrong, and what there is where something was looked for that is not there."""
    said = str(error) if isinstance(error, UndefinedError | TemplateNotFound) else type(error).__name__
    known = (fields for kind, fields in _LOOKED_INTO.items() if f"{kind} object'" in said)
    return said, tuple(next(known, ()))
