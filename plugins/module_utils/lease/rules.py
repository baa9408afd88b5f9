# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Lease that allows one run at a time: pure functions (private to the collection).

Two computers can have different clocks. Therefore all times are those of the API server, which the holder writes and every other run reads.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.lines import printable, quoted_line

Manifest = dict[str, Any]

API_VERSION = "coordination.k8s.io/v1"
# The permissions of the deployer name this Lease.
LEASE_NAME = "jewelry-shop-run"
HELD_BY = "jewelry-shop/held-by"
# Maximum number of characters of a holder in a message. Every user who may write the Lease sets it.
_LONGEST_HOLDER = 200
_TIME = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True)
class Holder:
    """The run that holds a Lease which has not expired.

    Args:
        identity: unique for each run.
        description: user, place and playbook.
        since: when the run acquired the Lease; empty if unknown.
        seconds_left: seconds until the Lease expires without a renewal.
    """

    identity: str
    description: str
    since: str
    seconds_left: int

    def __str__(self) -> str:
        """The holder and what ends its Lease, for messages."""
        since = f", since {self.since}" if self.since else ""
        return f"{self.description}{since}. Without a renewal, the Lease expires in {self.seconds_left} s"


def holder(lease: Mapping[str, Any] | None, now: datetime) -> Holder | None:
    """The run that holds a Lease; None if the Lease does not exist, was released or has expired.

    A Lease without a valid time of renewal has expired. So has a Lease whose renewal is in the future by more than its duration: no
    run writes such a time, and the Lease would block all runs.

    Args:
        lease: the Lease as the API returns it.
        now: the time of the API server.
    """
    spec = (lease or {}).get("spec") or {}
    identity, duration = spec.get("holderIdentity"), spec.get("leaseDurationSeconds")
    renewed = _moment(spec.get("renewTime"))
    if not identity or not duration or renewed is None:
        return None
    left = duration - (now - renewed).total_seconds()
    if not 0 < left <= 2 * duration:
        return None
    annotations = ((lease or {}).get("metadata") or {}).get("annotations") or {}
    since = _moment(spec.get("acquireTime"))
    return Holder(
        identity,
        printable(quoted_line(str(annotations.get(HELD_BY) or identity), _LONGEST_HOLDER)),
        f"{since:%Y-%m-%d %H:%M:%S} UTC" if since else "",
        math.ceil(left),
    )


def acquired(
    lease: Mapping[str, Any], identity: str, description: str, labels: Mapping[str, str], duration: int, now: datetime
) -> Manifest:
    """The Lease after a run acquired it.

    Args:
        lease: the existing Lease.
        identity: unique for each run.
        description: user, place and playbook.
        labels: labels of the Lease.
        duration: seconds after which the Lease expires without a renewal.
        now: the time of the API server.
    """
    metadata = lease["metadata"]
    return {
        **lease,
        "apiVersion": API_VERSION,
        "kind": "Lease",
        "metadata": {
            **metadata,
            "labels": {**(metadata.get("labels") or {}), **labels},
            "annotations": {**(metadata.get("annotations") or {}), HELD_BY: description},
        },
        "spec": {
            "holderIdentity": identity,
            "leaseDurationSeconds": duration,
            "acquireTime": now.strftime(_TIME),
            "renewTime": now.strftime(_TIME),
            "leaseTransitions": ((lease.get("spec") or {}).get("leaseTransitions") or 0) + 1,
        },
    }


def renewed(lease: Mapping[str, Any], now: datetime) -> Manifest:
    """The Lease after its holder renewed it.

    Args:
        lease: the existing Lease.
        now: the time of the API server.
    """
    return {**lease, "spec": {**lease["spec"], "renewTime": now.strftime(_TIME)}}


def released(lease: Mapping[str, Any]) -> Manifest:
    """The Lease after its holder released it. It still shows who held it last.

    Args:
        lease: the existing Lease.
    """
    # The API server requires a duration of at least one second.
    return {**lease, "spec": {**lease["spec"], "holderIdentity": "", "leaseDurationSeconds": 1}}


def description(user: str, host: str, playbooks: str, variables: Mapping[str, Any]) -> str:
    """Describe a run for the messages of other runs.

    Args:
        user: name of the user on the control node.
        host: name of the control node.
        playbooks: the playbooks on the command line; empty if there is none.
        variables: variables of the host. AWX passes those of the job.
    """
    job = variables.get("awx_job_id") or variables.get("tower_job_id")
    if job:
        user = str(variables.get("awx_user_name") or variables.get("tower_user_name") or user)
        template = variables.get("awx_job_template_name") or variables.get("tower_job_template_name")
        place = f"AWX job {job}{f' ({template})' if template else ''}"
    else:
        place = f"host {host}"
    return ", ".join([user, place, *([f"playbook {playbooks}"] if playbooks else [])])


def _moment(text: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    return found if found.utcoffset() == timedelta(0) else None
