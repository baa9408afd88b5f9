# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""How `make unit` distributes the tests to processes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

# The fixtures of these folders live as long as the session. Elsewhere the tests of a file share the results of its fixtures.
TOGETHER = re.compile(r"tests/unit/(?:manifests|roles)/|[^:]+")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """Let tests with the same fixtures run in one process."""
    from xdist.scheduler import LoadScopeScheduling

    class ByFixtures(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            found = TOGETHER.match(nodeid)
            assert found
            return found[0]

    return ByFixtures(config, log)
