"""The rows' schema over time (Alembic). An empty database is created by whoever starts it first; an old one
is upgraded by `chouseiapo migrate` alone.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, inspect, text

# The newest revision; a test holds it against the folder `versions`.
HEAD = "0004"


def revision(engine: Engine) -> str | None:
    """The revision that the database stands at; None when it is empty."""
    if not inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as connection:
        standing: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return standing


def upgrade(engine: Engine) -> None:
    """Bring the database to HEAD, in one transaction."""
    from alembic import command  # only those who change a schema pay for the import
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
