"""What every test may use."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

pytest_plugins = [
    "tests.postgres",
    "tests.product",
    "tests.terminal",
    "tests.web.api",
    "tests.web.desk",
    "tests.web.linked",
    "tests.web.live",
    "tests.web.outside",
]

# No deadline: a shared machine may stop for a second. In CI each run tries the same examples, so that a
# failure is the change's and not the dice's.
hypothesis.settings.register_profile("local", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "local")


@pytest.fixture(scope="session")
def contracts() -> Path:
    """The folder with the vendors' published API descriptions."""
    folder = os.environ.get("CHOUSEIAPO_CONTRACTS")
    if not folder:
        pytest.skip("CHOUSEIAPO_CONTRACTS is not set: vendors' contracts were not checked")
    return Path(folder)
