"""--rewrite-golden: the only way in which a golden mail changes."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite-golden",
        action="store_true",
        help="write tests/mail/golden/ anew from what is rendered now; read the difference before committing",
    )
