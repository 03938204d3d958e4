"""What holds for the repository as a whole: what is committed, what is pinned, what is in the wheel."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
# In pieces, so that this file passes its own tests.
REGISTRIES = [".".join(parts) for parts in (
    ("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"), ("yarnpkg", "com"),
    ("deb", "debian", "org"), ("crates", "io"), ("golang", "org"),
)]  # fmt: skip
MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:" + "|".join(("work", "root")) + r")/")
LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)")
PACKAGE_DATA = {"src/": "", "projections/": "projections/", "mail_templates/": "chouseiapo/mail_templates/"}


def committed() -> Iterator[Path]:
    """Every file that is committed, or would be with the next `git add`."""
    listing = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return (ROOT / name for name in filter(None, listing.stdout.split("\0")) if (ROOT / name).is_file())


def texts() -> Iterator[tuple[str, str]]:
    for path in committed():
        try:
            yield str(path.relative_to(ROOT)), path.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a font


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def pinned(kind: str) -> set[tuple[str, str]]:
    """Name and version of each line; a name may come twice, each for some platforms or versions of Python."""
    lines = (ROOT / "requirements" / f"{kind}.txt").read_text().replace("\\\n", " ").splitlines()
    pins = [re.match(r"([\w.-]+)==(\S+) .*--hash=sha256:[0-9a-f]{64}", line) for line in lines]
    assert [line for line, pin in zip(lines, pins, strict=True) if not pin] == [], "without version and hash"
    return {(canonicalize_name(pin[1]), pin[2]) for pin in pins if pin}


def test_no_committed_file_names_a_package_registry() -> None:
    assert [(name, host) for name, text in texts() for host in REGISTRIES if host in text] == []


def test_no_committed_file_holds_a_path_of_the_machine_it_was_written_on() -> None:
    assert [name for name, text in texts() if MACHINE_PATH.search(text)] == []


def test_npm_lock_has_an_integrity_for_every_package_and_no_address() -> None:
    locks = [path for path in committed() if path.name == "package-lock.json"]
    assert locks
    for lock in locks:
        packages = json.loads(lock.read_text())["packages"]
        del packages[""]  # the project itself
        assert [name for name, entry in packages.items() if "integrity" not in entry] == []
        assert [name for name, entry in packages.items() if "resolved" in entry] == []


@pytest.mark.parametrize(
    ("kind", "groups"),
    [("uv", ["uv"]), ("run", ["build", "dependencies"]), ("dev", ["build", "dependencies", "dev"])],
)
def test_every_direct_dependency_is_pinned_at_a_version_it_allows(kind: str, groups: list[str]) -> None:
    settings, pins = project(), pinned(kind)
    wanted = {**settings["dependency-groups"], "dependencies": settings["project"]["dependencies"]}
    for requirement in (Requirement(line) for group in groups for line in wanted[group]):
        versions = [version for name, version in pins if name == canonicalize_name(requirement.name)]
        assert versions, f"{requirement} is not pinned: dev.py lock"
        assert all(requirement.specifier.contains(version) for version in versions), (requirement, versions)


def test_the_tests_run_with_the_very_versions_that_the_product_runs_with() -> None:
    assert pinned("run") <= pinned("dev")


def test_links_between_documents_lead_somewhere() -> None:
    dead = []
    for name, text in texts():
        targets = LINK.findall(text) if name.endswith(".md") else []
        local = [target for target in targets if not re.match(r"[a-z]+:", target)]
        dead += [(name, target) for target in local if not (ROOT / name).parent.joinpath(target).exists()]
    assert dead == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    built = subprocess.run(build, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    (made,) = folder.glob("*.whl")
    with zipfile.ZipFile(made) as archive:
        archive.extractall(folder / "unpacked")
    return zipfile.Path(made)


@pytest.mark.slow
def test_the_wheel_has_every_module_template_and_catalogue(wheel: zipfile.Path) -> None:
    names = set(wheel.root.namelist())
    tracked = [str(path.relative_to(ROOT)) for path in committed()]
    expected = {
        place + name.removeprefix(source)
        for name in tracked
        for source, place in PACKAGE_DATA.items()
        if name.startswith(source)
    }
    assert sorted(expected - names) == []
    assert {"chouseiapo/__init__.py", "projections/__init__.py"} <= names


@pytest.mark.slow
def test_the_wheel_works_without_the_checkout(wheel: zipfile.Path, tmp_path: Path) -> None:
    unpacked = Path(str(wheel.root.filename)).parent / "unpacked"
    script = "import chouseiapo, projections; print(chouseiapo.__file__); print(projections.__file__)"
    asked = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
        check=True,
        capture_output=True,
        text=True,
    )
    assert all(Path(line).is_relative_to(unpacked) for line in asked.stdout.splitlines())
