"""Rate limits: how many within which time, and that what nobody asks for any more is forgotten."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from chouseiapo.web.limits import POSTS_PER_LINK, UNKNOWN_LINKS, Counted, Limit
from tests.product import NOW

THREE = Limit("three", 3, timedelta(seconds=60))


def after(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def test_one_too_many_is_told_how_long_to_wait() -> None:
    counted = Counted()
    assert [counted.hit(THREE, "a", NOW + after(n)) for n in (0, 10, 20)] == [None] * 3
    assert counted.hit(THREE, "a", NOW + after(25)) == after(35)


def test_what_was_refused_is_not_counted() -> None:
    counted = Counted()
    for n in range(50):
        counted.hit(THREE, "a", NOW + after(n))
    assert counted.hit(THREE, "a", NOW + after(60)) is None


def test_keys_and_limits_are_counted_apart() -> None:
    counted = Counted()
    for _ in range(3):
        counted.hit(THREE, "a", NOW)
    assert counted.hit(THREE, "b", NOW) is None
    assert counted.hit(POSTS_PER_LINK, "a", NOW) is None


def test_looking_counts_nothing() -> None:
    counted = Counted()
    assert [counted.wait(THREE, "a", NOW) for _ in range(10)] == [None] * 10
    for _ in range(3):
        counted.hit(THREE, "a", NOW)
    assert counted.wait(THREE, "a", NOW + after(1)) == after(59)


def test_keys_that_nobody_uses_any_more_take_no_room() -> None:
    counted = Counted()
    for n in range(10_000):
        counted.hit(UNKNOWN_LINKS, f"2001:db8::{n:x}", NOW + after(n))
    assert len(counted) < 2_000


@given(
    st.lists(st.tuples(st.integers(0, 4_000), st.sampled_from("ab"), st.sampled_from((THREE, UNKNOWN_LINKS))))
)
def test_never_more_than_the_limit_within_its_time_and_never_refused_below_it(
    asked: list[tuple[int, str, Limit]],
) -> None:
    counted, let_in = Counted(), list[tuple[int, str, Limit]]()
    for second, key, limit in sorted(asked, key=lambda each: each[0]):
        lately = sum(
            k == key and one == limit and second - then < limit.within.total_seconds()
            for then, k, one in let_in
        )
        refused = counted.hit(limit, key, NOW + after(second)) is not None
        assert refused == (lately >= limit.most)
        if not refused:
            let_in.append((second, key, limit))
