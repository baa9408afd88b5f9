#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: canary_check

short_description: Compare the pods of a new release with those of the current release by their own metrics

version_added: 1.0.0

description:
  - Reads the metrics of each ready pod of two label selectors through the API server, at the start and then repeatedly for O(seconds).
    Compares responses with a status of 500 or more, restarts and the mean latency in this time. Prometheus is not needed.
  - Ends as soon as the canary is worse. RV(worse) is then true. The module fails only if it cannot read the metrics of a ready pod.
  - If the canary has fewer than O(min_requests) requests, only restarts and pods that ended count. RV(msg) reports this.
  - Pods of the current release may end, restart or be added in this time. The canary is worse if one of its pods ends.
  - If the metrics of a pod cannot be read, the module reads all pods again, for about 15 seconds. It leaves out pods that have left.
  - The metrics of all processes of a container must be added up, as the multiprocess mode of the Prometheus client library does it.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.read_only

options:
  namespace:
    description: Namespace of the pods.
    type: str
    required: true
  canary:
    description: Label selector of the pods of the new release.
    type: str
    required: true
  stable:
    description: Label selector of the pods of the current release.
    type: str
    required: true
  port:
    description: Port of the metrics in the pods.
    type: int
    required: true
  path:
    description: Path of the metrics.
    type: str
    default: /metrics
  headers:
    description: Request headers.
    type: dict
    default: {}
  requests_metric:
    description: Counter of the responses, with the labels C(status) and C(view).
    type: str
    default: django_http_responses_total_by_status_view_method_total
  latency_metric:
    description: Histogram or summary of the seconds of a request, without the suffix C(_sum).
    type: str
    default: django_http_requests_latency_seconds_by_view_method
  seconds:
    description: Seconds of the comparison.
    type: float
    default: 60
  interval:
    description: Seconds between two reads.
    type: float
    default: 5
  min_requests:
    description: Requests to the canary from which errors and latency are compared.
    type: int
    default: 50
  max_more_errors:
    description: Percentage points by which the share of responses with 5xx may be larger than that of the current release.
    type: float
    default: 1
  max_latency_factor:
    description: Factor by which the mean latency may be longer than that of the current release; 0 for any latency.
    type: float
    default: 3
  progress_path:
    description: File to which the module appends a line after each read. The action plugin sets it.
    type: path

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: Compare the canary with the current release
  jewelry_shop.platform.canary_check:
    context: production
    namespace: jewelry-shop
    canary: component=django,jewelry-shop/canary
    stable: component=django,!jewelry-shop/canary
    port: 8000
"""

RETURN = r"""
worse:
  description: Whether the canary is worse.
  returned: success
  type: bool
msg:
  description: What was compared, and if the canary is worse, why.
  returned: always
  type: str
  sample: >-
    The canary is worse after 20 s: the canary has 5xx in 12 of 80 requests of cart, the current release 5xx in 0 of 240 requests
"""

import time
from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.module_utils.canary.compare import Limits, Names
from ansible_collections.jewelry_shop.platform.plugins.module_utils.canary.run import Endpoint, Pace, Reader, compare
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Cluster
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.run import run_module
from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.progress import progress_writer

SPEC = {
    **{name: {"type": "str", "required": True} for name in ("namespace", "canary", "stable")},
    "port": {"type": "int", "required": True},
    "path": {"type": "str", "default": "/metrics"},
    "headers": {"type": "dict", "default": {}},
    "requests_metric": {"type": "str", "default": "django_http_responses_total_by_status_view_method_total"},
    "latency_metric": {"type": "str", "default": "django_http_requests_latency_seconds_by_view_method"},
    "seconds": {"type": "float", "default": 60},
    "interval": {"type": "float", "default": 5},
    "min_requests": {"type": "int", "default": 50},
    "max_more_errors": {"type": "float", "default": 1},
    "max_latency_factor": {"type": "float", "default": 3},
    "progress_path": {"type": "path"},
}


def check(module: AnsibleK8SModule, _mask: object) -> dict[str, Any]:
    """Compare the pods.

    Args:
        module: the module with its parameters.

    Returns:
        The module's result.

    Raises:
        PlatformError: an option is out of range, or the metrics cannot be read.
    """
    params = module.params
    for option in ("seconds", "interval"):
        if params[option] <= 0:
            raise PlatformError(f"{option} must be more than 0, it is {params[option]:g}", certain=True)
    names = Names(params["requests_metric"], params["latency_metric"])
    endpoint = Endpoint(params["port"], params["path"], {name: str(value) for name, value in params["headers"].items()})
    found = compare(
        Reader(Cluster(auth(params)), params["namespace"], endpoint, names),
        (params["canary"], params["stable"]),
        names,
        Limits(params["min_requests"], params["max_more_errors"], params["max_latency_factor"]),
        Pace(params["seconds"], params["interval"]),
        time.sleep,
        progress_writer(params["progress_path"], str),
    )
    return {"changed": False, "worse": found.is_worse, "msg": found.message}


def main() -> None:
    """Run the module."""
    run_module(SPEC, check, "")


if __name__ == "__main__":
    main()
