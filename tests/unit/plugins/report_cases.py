# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reports of two runs: one that failed and was rolled back, and one that succeeded."""

from __future__ import annotations

from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.report.details import planned_changes, replica_health, wait_entry

# A log line that would run as a script, load an image and close the log, if it were not escaped.
HOSTILE = "</pre><script>document.title = 'owned'</script><img src=https://evil.example.com/x.png onerror=alert(1)> {{ 7 * 7 }} & \"'"
LONG_NAME = "registry.example.com/jewelry-shop/application-with-a-long-name@sha256:" + "0123456789abcdef" * 4


def _resource(kind: str, name: str, verdict: str, seconds: float, ready: int = 3, reason: str | None = None) -> dict[str, Any]:
    replicas = {"wanted": 3, "updated": 3, "ready": ready, "available": ready}
    return {
        "kind": kind,
        "namespace": "jewelry-shop",
        "name": name,
        "verdict": verdict,
        "seconds": seconds,
        "reason": reason,
        "replicas": replicas,
        "log": ["not part of the timeline"],
        "message": "not part of the timeline",
    }


def _pod(name: str, healthy: bool = True, reason: str | None = None) -> dict[str, Any]:
    return {"pod": name, "node": "worker2", "ready": True, "healthy": healthy, "status": 200, "elapsed": 0.0123, "reason": reason}


DJANGO = _resource("Deployment", "django", "failed", 41.5, 0, "CrashLoop")
SENTENCE = (
    "Deployment jewelry-shop/django failed, pod django-5d9c7b6f4-x2x7p, container django: ended with exit code 1 (CrashLoop); "
    "the last line of its log: ModuleNotFoundError: No module named 'shop.settings'"
)
EVIDENCE = {
    **DJANGO,
    "revision": "8",
    "pod": "django-5d9c7b6f4-x2x7p",
    "container": "django",
    "exit_code": 1,
    "message": SENTENCE,
    "log": ["x" * 400, HOSTILE, "ModuleNotFoundError: No module named 'shop.settings'"],
    "events": [
        {"type": "Warning", "reason": "BackOff", "object": "Pod/django-5d9c7b6f4-x2x7p", "message": "Back-off restarting", "count": 3},
        {"type": "Normal", "reason": "Pulled", "object": "Pod/django-5d9c7b6f4-x2x7p", "message": LONG_NAME, "count": 1},
    ],
}
WAITS = [
    wait_entry(
        {"started": "2026-11-25T17:00:00.000+00:00", "seconds": 20.4, "resources": [_resource("Job", "migrate-1a2b", "ready", 20.0)]}
    ),
    wait_entry(
        {
            "started": "2026-11-25T17:00:30.000+00:00",
            "seconds": 41.5,
            "resources": [
                DJANGO,
                _resource("Deployment", "nginx", "ready", 0.0),
                _resource("Deployment", "celery-worker", "pending", 41.5),
            ],
        }
    ),
    wait_entry(
        {"started": "2026-11-25T17:01:20.000+00:00", "seconds": 20.0, "resources": [_resource("Deployment", "django", "ready", 20.0)]}
    ),
]
HEALTH = {
    "endpoints": [
        {
            "name": "django",
            "workload": {"kind": "Deployment", "name": "django"},
            "pods": [_pod("django-6c8f-aaaaa"), _pod("django-6c8f-bbbbb")],
        },
        {
            "name": "customer",
            "workload": {"kind": "Deployment", "name": "nginx"},
            "pods": [_pod("nginx-77f-ccccc", False, "status 502 instead of 200")],
        },
        {"name": "front", "url": "https://shop.example.com", "healthy": True, "status": 200},
    ]
}
OBJECTS = [
    {"stage": "configuration", "action": "create", "kind": "ConfigMap", "namespace": "jewelry-shop", "name": "django-config-1a2b"},
    {"stage": "tiers", "action": "change", "kind": "Deployment", "namespace": "jewelry-shop", "name": "django"},
    {"stage": "tiers", "action": "none", "kind": "Deployment", "namespace": "jewelry-shop", "name": "nginx"},
    {"stage": "tiers", "action": "take_over", "kind": "Service", "namespace": "jewelry-shop", "name": "django-service"},
    {"stage": "tiers", "action": "remove", "kind": "PriorityClass", "namespace": "", "name": "shop"},
]
CHECKS = [
    {"name": "workload", "subject": "Deployment/django", "severity": "ok", "message": "3 of 3 ready"},
    {"name": "event", "subject": "Pod/django-6c8f-aaaaa", "severity": "warning", "message": f"Unhealthy <b>{LONG_NAME}"},
    {"name": "service", "subject": "Service/web", "severity": "error", "message": "has no ready endpoint (0 of 2)"},
]
FAILED: dict[str, Any] = {
    "verdict": "failed",
    "sentence": SENTENCE,
    "stage": "rollout | Require that the new revision serves: tiers",
    "environment": "staging",
    "namespace": "jewelry-shop",
    "image": LONG_NAME,
    "release": "1a2b3c4d5e",
    "ended": "2026-11-25T17:01:45Z",
    "rollback": "Rolled back to release 9f8e7d (number 7), which passed the validation.",
    "failed_at": "2026-11-25T17:01:12.100Z",
    "evidence": [EVIDENCE],
    "checks": CHECKS,
    "waits": WAITS,
    "replicas": replica_health(HEALTH),
    "changes": planned_changes(OBJECTS),
    "address": [],
}
SUCCEEDED: dict[str, Any] = {
    **FAILED,
    "verdict": "succeeded",
    "sentence": "43 checks passed, 1 warnings",
    "stage": "",
    "rollback": "",
    "failed_at": "",
    "evidence": [],
    "checks": CHECKS[:2],
    "waits": WAITS[:1],
    "address": ["The shop:  https://shop.example.com"],
}
