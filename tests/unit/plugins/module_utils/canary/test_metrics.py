# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The text format of Prometheus."""

from __future__ import annotations

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.canary.metrics import Sample, samples


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("requests_total 3", [Sample("requests_total", {}, 3.0)]),
        ('requests_total{status="200",view="cart"} 1.0', [Sample("requests_total", {"status": "200", "view": "cart"}, 1.0)]),
        ('requests_total{view="a}b, c=\\"d\\" \\n",} 1e3 1700000000', [Sample("requests_total", {"view": 'a}b, c="d" \n'}, 1000.0)]),
        ("# TYPE requests_total counter", []),
        ("", []),
        ("<html>not metrics</html>", []),
        ("requests_total many", []),
    ],
)
def test_samples_are_read_and_other_lines_left_out(line: str, expected: list[Sample]) -> None:
    assert list(samples(line)) == expected
