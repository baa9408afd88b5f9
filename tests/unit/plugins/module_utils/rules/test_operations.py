# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What scale, remove and grant_deployer reject."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.findings import FINDINGS

AUTOSCALERS = {"resources": [{"spec": {"scaleTargetRef": {"name": name}}} for name in ("nginx", "django", "celery-worker")]}
DEPLOYER = {"platform_namespace": "shop", "deployer_namespace": "shop-deployer", "platform_kubeconfig": "", "deployer_kubeconfig": ""}
SAME_KUBECONFIG = (
    "deployer_kubeconfig is the kubeconfig of this run, which has to be an administrator's: name that with -e platform_kubeconfig=PATH."
)
REMOVED = {"__remove_namespace_stays": False}


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("scale", {"scale_replicas": {"celery-beat": 5}, "scale_autoscalers": AUTOSCALERS}, []),
        (
            "scale",
            {"scale_replicas": {}, "scale_autoscalers": AUTOSCALERS},
            ['scale_replicas is empty: give it names and numbers, such as -e \'{"scale_replicas": {"django": 5}}\'.'],
        ),
        (
            "scale",
            {"scale_replicas": {"django": 5, "celery-beat": 1, "nginx": 2}, "scale_autoscalers": AUTOSCALERS},
            [
                "An autoscaler sets the replicas of nginx, django: change <tier>_hpa_min_replicas and <tier>_hpa_max_replicas instead. "
                "Nothing was changed."
            ],
        ),
        ("remove", {**REMOVED, "remove_plan": {"untrusted": [], "refusals": []}}, []),
        ("remove", {"__remove_namespace_stays": True, "remove_plan": {"untrusted": [], "refusals": ["a"]}}, []),
        (
            "remove",
            {**REMOVED, "remove_plan": {"untrusted": ["a", "b"], "refusals": ["c", "d"]}},
            [
                "Not removed, since it is not of this platform: a.",
                "Not removed, since it is not of this platform: b.",
                "The cluster would reject the removal: c; d.",
            ],
        ),
        ("deployer", DEPLOYER, []),
        ("deployer", {**DEPLOYER, "deployer_kubeconfig": "/c", "platform_kubeconfig": "/a:/b"}, []),
        ("deployer", {**DEPLOYER, "deployer_kubeconfig": "~/b", "platform_kubeconfig": "/a:~/b"}, [SAME_KUBECONFIG]),
        (
            "deployer",
            {**DEPLOYER, "deployer_namespace": "shop"},
            [
                "deployer_namespace is platform_namespace. A credential that may write Secrets there could make itself a token that never "
                "expires: set deployer_namespace to another name."
            ],
        ),
    ],
)
def test_problems_are_named(name: str, values: dict[str, Any], expected: list[str]) -> None:
    assert FINDINGS[name](values) == expected
