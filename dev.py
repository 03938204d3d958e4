"""python3 dev.py COMMAND [arguments]

demo, run …    chouseiapo demo, chouseiapo …
test, wheel …  the tests on the checkout, the same tests on the built wheel
check, bench   lint, format, types, import contracts; the measurements
lock           compiles requirements/ from pyproject.toml again (lock --upgrade: to the newest versions)

Standard library only: makes .venv from hash-pinned requirements, then becomes the command.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit("chouseiapo needs Python 3.11 or newer; this is " + sys.version.split()[0])

ROOT = Path(__file__).resolve().parent
VENV, BIN, TOOLS = ROOT / ".venv", ROOT / ".venv/bin", ROOT / ".tools"
PINS = {kind: ROOT / f"requirements/{kind}.txt" for kind in ("uv", "run", "dev")}
COMMANDS = {
    "demo": ("run", "chouseiapo", "demo"),
    "run": ("run", "chouseiapo"),
    "test": ("dev", "pytest"),
    "wheel": ("dev", "pytest"),
    "bench": ("dev", "python", "-m", "benchmarks"),
}
CHECKS = ("ruff check", "ruff format --check", "mypy", "lint-imports")
PIP = "-m pip install --quiet --disable-pip-version-check --root-user-action=ignore --require-hashes"
COMPILE = "pip compile --quiet --generate-hashes --universal --python-version 3.11 --no-header --no-annotate"
# dev.txt is held to run.txt's versions: what is tested is what runs, and a dev environment serves demo too.
SOURCES = {
    "uv": "--group uv",
    "run": "pyproject.toml --group build",
    "dev": f"pyproject.toml --group build --group dev --constraint {PINS['run'].relative_to(ROOT)}",
}


def call(*command: str | Path) -> None:
    """Its output goes to stderr: whoever reads `dev.py demo` finds only the demo's own lines on stdout."""
    subprocess.run(command, cwd=ROOT, check=True, stdout=sys.stderr)


def digest(*texts: str) -> str:
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def uv() -> str:
    """The uv on PATH, or one of our own: pip's --target works where PEP 668 forbids installing."""
    target = TOOLS / f"uv-{digest(PINS['uv'].read_text())[:12]}"
    if not shutil.which("uv") and not target.exists():
        call(sys.executable, *PIP.split(), "--target", f"{target}.part", "-r", PINS["uv"])
        Path(f"{target}.part").rename(target)
    return shutil.which("uv") or str(target / "bin/uv")


def ensure(kind: str) -> None:
    """Two starting at once wait for each other; a dev environment satisfies what needs only run.txt."""
    python = digest(str(ROOT), sys.base_prefix, sys.version)
    project = (ROOT / "pyproject.toml").read_text()
    wanted = {each: f"{python} {digest(project, PINS[each].read_text())}" for each in (kind, "dev")}
    stamp = VENV / "made-from"
    TOOLS.mkdir(exist_ok=True)
    with (TOOLS / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = stamp.read_text() if stamp.exists() else ""
        if made not in wanted.values():
            make(kind, new=not made.startswith(python))
            stamp.write_text(wanted[kind])


def make(kind: str, *, new: bool) -> None:
    print(f"dev.py: making .venv from requirements/{kind}.txt", file=sys.stderr)
    if new:
        call(uv(), "venv", "--quiet", "--clear", "--python", sys.executable, VENV)
    into = ("--quiet", "--python", BIN / "python")
    call(uv(), "pip", "sync", *into, "--require-hashes", PINS[kind])
    call(uv(), "pip", "install", *into, "--no-deps", "--no-build-isolation", "--offline", "--editable", ".")


def wheel() -> dict[str, str]:
    """PYTHONPATH comes before the editable install, and pytest in importlib mode leaves sys.path alone."""
    place = TOOLS / "wheel"
    shutil.rmtree(place, ignore_errors=True)
    call(BIN / "hatchling", "build", "-t", "wheel", "-d", place)
    with zipfile.ZipFile(next(place.glob("*.whl"))) as archive:
        archive.extractall(place)
    return {"PYTHONPATH": str(place)}


def become(command: str, arguments: list[str]) -> None:
    """execve, so that Ctrl-C and SIGTERM reach the program itself."""
    kind, program, *fixed = COMMANDS[command]
    ensure(kind)
    extra = wheel() if command == "wheel" else {}
    if kind == "dev":  # demo and run stay where they are: their arguments may be relative paths
        os.chdir(ROOT)
    os.execve(BIN / program, [program, *fixed, *arguments], {**environment(), **extra})


def environment() -> dict[str, str]:
    path = os.pathsep.join([str(BIN), os.environ.get("PATH", os.defpath)])
    return {**os.environ, "VIRTUAL_ENV": str(VENV), "PATH": path}


def check() -> None:
    ensure("dev")
    failed = []
    for line in CHECKS:
        print(f"— {line}", flush=True)
        if subprocess.run([BIN / line.split()[0], *line.split()[1:]], cwd=ROOT, env=environment()).returncode:
            failed.append(line)
    sys.exit(f"dev.py check: failed: {', '.join(failed)}" if failed else 0)


def main(command: str = "", *arguments: str) -> None:
    if command in COMMANDS:
        become(command, list(arguments))
    elif command == "check":
        check()
    elif command == "lock":
        for kind, sources in SOURCES.items():
            call(uv(), *COMPILE.split(), *sources.split(), "--output-file", PINS[kind], *arguments)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except subprocess.CalledProcessError as error:
        sys.exit(f"dev.py: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
