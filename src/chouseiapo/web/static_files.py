"""Style and scripts under an address that names their content, so that a page never meets an older script.

The version stands in the path: what a script imports and a style sheet draws comes from the same version.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from flask import Flask, Response, send_from_directory

FOLDER = Path(__file__).parent / "static"
FOR_EVER = "public, max-age=31536000, immutable"


def install(app: Flask) -> None:
    """The route `static`; `url_for("static", filename=...)` names the present version by itself."""
    present = _version()

    @app.url_defaults
    def name_version(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values.setdefault("version", present)

    @app.get("/static/<version>/<path:filename>")
    def static(version: str, filename: str) -> Response:
        """A page of another release still gets what there is, but nobody keeps it under that address."""
        response = send_from_directory(FOLDER, filename)
        response.headers["Cache-Control"] = FOR_EVER if version == present else "no-cache"
        return response


def _version() -> str:
    digest = hashlib.sha256()
    for path in sorted(each for each in FOLDER.rglob("*") if each.is_file()):
        digest.update(path.relative_to(FOLDER).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]
