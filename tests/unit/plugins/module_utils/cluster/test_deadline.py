# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import threading

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.deadline import Deadline, bounded_call


def test_a_deadline_in_the_future_has_time_left() -> None:
    assert 9 < Deadline(10).require() <= 10


def test_a_passed_deadline_has_none() -> None:
    assert Deadline(-1).remaining() == 0
    with pytest.raises(TimeoutError):
        Deadline(-1).require()


def test_an_inner_deadline_cannot_outlast_the_outer_one() -> None:
    inner = Deadline(100, within=Deadline(1))
    assert inner.remaining() <= 1
    assert inner.cut_short


def test_an_inner_deadline_may_be_earlier_than_the_outer_one() -> None:
    inner = Deadline(1, within=Deadline(100))
    assert inner.remaining() <= 1
    assert not inner.cut_short


@pytest.mark.parametrize(("within", "seconds"), [(None, 10), (1, 1), (100, 10)])
def test_a_deadline_keeps_its_duration(within: float | None, seconds: float) -> None:
    deadline = Deadline(10, within=None if within is None else Deadline(within))
    assert deadline.seconds == pytest.approx(seconds, abs=0.5)


def test_a_bounded_call_returns_what_the_function_returns() -> None:
    assert bounded_call(lambda: 42, Deadline(5)) == 42


def test_a_bounded_call_raises_what_the_function_raises() -> None:
    with pytest.raises(ZeroDivisionError):
        bounded_call(lambda: 1 / 0, Deadline(5))


def test_a_hanging_call_is_abandoned_and_its_late_result_is_released() -> None:
    hang, released = threading.Event(), threading.Event()

    def function() -> str:
        hang.wait(10)
        return "late"

    with pytest.raises(TimeoutError):
        bounded_call(function, Deadline(0.05), discard=lambda _result: released.set())
    hang.set()
    assert released.wait(5)
