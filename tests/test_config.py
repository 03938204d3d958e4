"""Settings: read from the environment, every problem told at once, secrets from files, nothing leaked."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest

from chouseiapo.config import Settings, SettingsError, read_settings

SECRET = "s" * 32


def problems(**environ: str) -> list[str]:
    with pytest.raises(SettingsError) as found:
        read_settings({f"CHOUSEIAPO_{name}": value for name, value in environ.items()})
    return found.value.problems


def test_without_any_the_defaults_hold() -> None:
    assert read_settings({"PATH": "/bin"}) == Settings()


def test_each_is_read_in_its_own_form() -> None:
    settings = read_settings(
        {
            "CHOUSEIAPO_SECRET_KEY": f"{SECRET}, {'t' * 40}",
            "CHOUSEIAPO_REMINDER_AT": "06:30",
            "CHOUSEIAPO_BUSINESS_HOURS": "08:30-17:00",
            "CHOUSEIAPO_GRID_MINUTES": "15",
            "CHOUSEIAPO_BASE_URL": "https://appo.example/",
            "CHOUSEIAPO_DATABASE_URL": "postgres://u@h/d",
        }
    )
    assert settings.secret_key == (SECRET, "t" * 40)
    assert settings.reminder_at == time(6, 30)
    assert settings.business_hours == (time(8, 30), time(17))
    assert settings.grid_minutes == 15
    assert (settings.base_url, settings.secure) == ("https://appo.example", True)
    assert settings.database_url == "postgresql://u@h/d"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://x"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("SECRET_KEY", "short"),
        ("TIME_ZONE", "Asia/Edo"),
        ("LOCALE", "fr"),
        ("PORT", "http"),
        ("BASE_URL", "appo.example"),
        ("REMINDER_AT", "7"),
        ("GRID_MINUTES", "7"),
        ("BUSINESS_HOURS", "18:00-09:00"),
        ("SMTP_URL", "http://mail"),
        ("CA_FILE", "/nowhere/ca.pem"),
        ("MAIL_TEMPLATES", "/nowhere"),
        ("SMTP_URL", "smtp://h:99999"),
        ("SMTP_URL", "smtp://h:0"),
        ("SMTP_URL", "smtp://user:%E3%81%82@h"),
        ("BASE_URL", "https://appo.example:99999"),
        ("BUSINESS_HOURS", "09:00+09:00-18:00"),
        ("REMINDER_AT", "07:00+09:00"),
        ("PORT", "99999"),
        ("MAIL_FROM", "nonsense"),
        ("MAIL_FROM", "調整アポ <a b@example.com>"),
        ("MAIL_FROM", "a@example.com\nBcc: b@example.com"),
        ("COMPANNY", "misspelt"),
        ("SECRET_KEY_FILE", "/nowhere/key"),
    ],
)
def test_what_is_wrong_is_told_by_name(name: str, value: str) -> None:
    assert [p.startswith("CHOUSEIAPO_") for p in problems(**{name: value})] == [True]


def test_all_problems_are_told_together() -> None:
    assert len(problems(PORT="x", LOCALE="y", TIME_ZONE="z")) == 3


def test_a_secret_may_lie_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{SECRET}\n", encoding="ascii")
    settings = read_settings({"CHOUSEIAPO_SECRET_KEY_FILE": str(tmp_path / "key")})
    assert settings.secret_key == (SECRET,)
    assert "not both" in problems(SECRET_KEY=SECRET, SECRET_KEY_FILE=str(tmp_path / "key"))[0]


def test_secrets_are_not_shown_when_settings_are() -> None:
    settings = read_settings({"CHOUSEIAPO_SECRET_KEY": SECRET, "CHOUSEIAPO_SMTP_URL": "smtp://u:pw@h"})
    assert SECRET not in repr(settings)
    assert "pw" not in repr(settings)
