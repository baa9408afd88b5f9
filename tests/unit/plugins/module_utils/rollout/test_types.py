# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout import types
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import event_began, event_time, instant


class DatetimeOfPython310(datetime):
    """Python before 3.11 does not read the suffix Z."""

    @classmethod
    def fromisoformat(cls, date_string: str, /) -> DatetimeOfPython310:
        if date_string.endswith("Z"):
            raise ValueError(f"Invalid isoformat string: {date_string!r}")
        return super().fromisoformat(date_string)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-25T17:00:00Z", datetime(2026, 11, 25, 17, tzinfo=timezone.utc)),
        ("2026-11-25T17:00:00.123456Z", datetime(2026, 11, 25, 17, 0, 0, 123456, tzinfo=timezone.utc)),
        ("2026-11-25T19:00:00+02:00", datetime(2026, 11, 25, 17, tzinfo=timezone.utc)),
        (None, datetime(1970, 1, 1, tzinfo=timezone.utc)),
    ],
)
def test_python_3_10_reads_the_times_of_the_api(monkeypatch: pytest.MonkeyPatch, text: str | None, moment: datetime) -> None:
    monkeypatch.setattr(types, "datetime", DatetimeOfPython310)
    assert instant(text) == moment


def test_an_event_without_times_began_and_happened_when_it_was_created() -> None:
    event = {"metadata": {"creationTimestamp": "2026-11-25T17:00:00Z"}}
    assert event_began(event) == event_time(event) == instant("2026-11-25T17:00:00Z")


def test_a_series_of_events_began_with_the_first_and_happened_with_the_last() -> None:
    event = {
        "firstTimestamp": "2026-11-25T17:00:00Z",
        "lastTimestamp": "2026-11-25T18:00:00Z",
        "metadata": {"creationTimestamp": "2026-11-25T17:30:00Z"},
    }
    assert event_began(event) == instant("2026-11-25T17:00:00Z")
    assert event_time(event) == instant("2026-11-25T18:00:00Z")
