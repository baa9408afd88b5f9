# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What one host has of the output of a run for several hosts."""

from __future__ import annotations

import re
from typing import Generic, TypeVar

Cluster = TypeVar("Cluster")


class Outcome(Generic[Cluster]):
    """What a run did for one host.

    Args:
        cluster: the host's.
        host: its name.
        output: of the run for all hosts.
    """

    def __init__(self, cluster: Cluster, host: str, output: str) -> None:
        self.cluster = cluster
        self.all = output
        # The lines of a result are indented; those that a plugin shows name the host first.
        results = re.findall(rf"^(?:\w+:| ) \[{host}\].*\n(?: {{4}}.*\n|\n)*", output, re.MULTILINE)
        self.shown = " ".join("".join(results).split())
        [failed] = re.findall(rf"^{host} +: ok=.* failed=(\d+) ", output, re.MULTILINE)
        self.failed = failed != "0"
