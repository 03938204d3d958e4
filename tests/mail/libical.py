"""libical's iTIP rules (RFC 5546): which properties each METHOD must and must not have. Debian: libical3."""

from __future__ import annotations

import ctypes
import ctypes.util
import functools

import pytest

WHY = "libical is not installed (Debian: apt-get install libical3): iTIP restrictions were not checked"


@functools.cache
def _library() -> ctypes.CDLL | None:
    name = ctypes.util.find_library("ical")
    if name is None:
        return None
    library = ctypes.CDLL(name)
    library.icalparser_parse_string.argtypes = [ctypes.c_char_p]
    library.icalparser_parse_string.restype = ctypes.c_void_p
    for check in (library.icalrestriction_check, library.icalcomponent_count_errors):
        check.argtypes = [ctypes.c_void_p]
        check.restype = ctypes.c_int
    library.icalcomponent_as_ical_string.argtypes = [ctypes.c_void_p]
    library.icalcomponent_as_ical_string.restype = ctypes.c_char_p
    library.icalcomponent_free.argtypes = [ctypes.c_void_p]
    return library


def complaints(calendar: bytes) -> list[str]:
    """What libical finds wrong with an iTIP message; skips the test where there is no libical."""
    library = _library()
    if library is None:
        pytest.skip(WHY)
    component = library.icalparser_parse_string(calendar)
    if not component:
        return ["not parsed at all"]
    try:
        sound = library.icalrestriction_check(component)
        errors = library.icalcomponent_count_errors(component)
        if sound and not errors:
            return []
        text = library.icalcomponent_as_ical_string(component).decode()
        lines = text.replace("\r\n ", "").splitlines()
        return [line for line in lines if line.startswith("X-LIC-ERROR")] or [f"refused: {sound=} {errors=}"]
    finally:
        library.icalcomponent_free(component)
