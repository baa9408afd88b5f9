# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Cases of the rules for autoscalers and disruption budgets: values that pass, values that do not, and the message."""

from __future__ import annotations

from typing import Any

from rule_values import SETTINGS

BLOCKS = (
    "{} allows no eviction with the minimum number of replicas, so a node could not be drained: correct it in values.yml, or add the tier "
    "to preflight_accepted_blocking_budgets there."
)
METRIC = (
    "{} needs a type (Resource, ContainerResource, Pods, Object, External) and the field of this type: write it as in the spec of a "
    "HorizontalPodAutoscaler (autoscaling/v2) in values.yml."
)
STRINGS = "{} needs a type, and metadata whose values are all strings: quote the numbers in values.yml."
BOUNDS = "{}: correct it in values.yml. Only the minimum of KEDA can be 0."
HPA: dict[str, Any] = {"django_hpa_enabled": True, "django_hpa_min_replicas": 2, "django_hpa_max_replicas": 3, "django_hpa_cpu_percent": 70}
KEDA: dict[str, Any] = {
    "celery_worker_keda_enabled": True,
    "celery_worker_keda_min_replicas": 0,
    "celery_worker_keda_max_replicas": 3,
    "celery_worker_keda_tasks_per_replica": 10,
    "celery_worker_keda_triggers": [],
}
CRON = {"type": "cron", "metadata": {"desiredReplicas": "1"}}
EXTERNAL = {"type": "External", "external": {"metric": {"name": "a"}}}
ANOTHER_BROKER = {"platform_secrets": {**SETTINGS["platform_secrets"], "CELERY_BROKER_URL": "rediss://a"}}


def group(**settings: Any) -> dict[str, Any]:
    """A worker group with settings of its own, beside one that serves all queues."""
    return {**KEDA, "celery_worker_groups": [{"name": "celery-worker"}, {"name": "reports", "queues": ["reports"], **settings}]}


def budget(replicas: int, **spec: Any) -> dict[str, Any]:
    return {"django_replicas": replicas, "django_disruption_budget": spec}


Case = tuple[dict[str, Any], dict[str, Any], str]
CASES: list[Case] = [
    (
        {**KEDA, "celery_worker_hpa_enabled": False},
        {**KEDA, "celery_worker_hpa_enabled": True},
        "celery_worker_hpa_enabled is true, but KEDA is enabled too and creates the HorizontalPodAutoscaler itself: set one of them to "
        "false in values.yml.",
    ),
    *(
        (
            {**HPA, **right},
            {**HPA, "django_hpa_cpu_percent": 0},
            "The HorizontalPodAutoscaler has no metric, because django_hpa_cpu_percent is 0: set it, or <tier>_hpa_memory_percent or "
            "<tier>_hpa_metrics, in values.yml.",
        )
        for right in (
            {"django_hpa_cpu_percent": 0, "django_hpa_memory_percent": 80},
            {"django_hpa_cpu_percent": 0, "django_hpa_metrics": [EXTERNAL]},
            {"django_hpa_cpu_percent": 0, "django_hpa_external": True},
            {"django_hpa_cpu_percent": 0, "django_hpa_enabled": False},
        )
    ),
    (
        {**KEDA, **ANOTHER_BROKER, "celery_worker_keda_tasks_per_replica": 0, "celery_worker_keda_triggers": [CRON]},
        {**KEDA, **ANOTHER_BROKER},
        "KEDA reads the queues from REDIS_HOST, but platform_secrets.CELERY_BROKER_URL can name another broker: remove the URL, or set "
        "celery_worker_keda_tasks_per_replica to 0 and <tier>_keda_triggers to triggers of your own, in values.yml.",
    ),
    *(
        (
            right,
            wrong,
            BOUNDS.format(what),
        )
        for right, wrong, what in (
            (
                {**HPA, "django_hpa_min_replicas": 3},
                {**HPA, "django_hpa_min_replicas": "4"},
                "django_hpa_min_replicas is 4, which is more than django_hpa_max_replicas (3)",
            ),
            (
                {**HPA, "django_hpa_min_replicas": 0, "django_hpa_external": True},
                {**HPA, "django_hpa_min_replicas": 0},
                "django_hpa_min_replicas is 0, which is too small",
            ),
            (
                {**KEDA, "celery_worker_hpa_min_replicas": 9},
                {**KEDA, "celery_worker_keda_min_replicas": 4},
                "celery_worker_keda_min_replicas is 4, which is more than celery_worker_keda_max_replicas (3)",
            ),
            (KEDA, {**KEDA, "celery_worker_keda_max_replicas": 0}, "celery_worker_keda_max_replicas is 0, which is too small"),
            (
                group(keda_min_replicas=3),
                group(keda_min_replicas=4),
                "celery_worker_groups[reports].keda_min_replicas is 4, which is more than celery_worker_keda_max_replicas (3)",
            ),
        )
    ),
    ({"django_hpa_metrics": [EXTERNAL]}, {"django_hpa_metrics": [EXTERNAL, {"type": "External"}]}, METRIC.format("django_hpa_metrics[1]")),
    ({}, {"django_hpa_metrics": [{"external": {}}]}, METRIC.format("django_hpa_metrics[0]")),
    (
        {"django_hpa_behavior": {"scaleDown": {}}},
        {"django_hpa_behavior": {"scaledown": {}}},
        "django_hpa_behavior.scaledown is not a field of the behavior of a HorizontalPodAutoscaler: use scaleUp or scaleDown in "
        "values.yml.",
    ),
    (
        {"celery_worker_keda_triggers": [CRON]},
        {"celery_worker_keda_triggers": [{"type": "cron", "metadata": {"desiredReplicas": 1}}]},
        STRINGS.format("celery_worker_keda_triggers[0]"),
    ),
    ({}, {"celery_worker_keda_triggers": [CRON, {"metadata": {}}]}, STRINGS.format("celery_worker_keda_triggers[1]")),
    (
        budget(3, minAvailable=1, unhealthyPodEvictionPolicy="AlwaysAllow"),
        budget(3, selector={}),
        "django_disruption_budget.selector is not a field of a PodDisruptionBudget that you can set: use minAvailable, maxUnavailable, "
        "unhealthyPodEvictionPolicy in values.yml.",
    ),
    (
        budget(3, maxUnavailable=1),
        budget(3, maxUnavailable=1, minAvailable=1),
        "django_disruption_budget has minAvailable and maxUnavailable, but a PodDisruptionBudget can have only one of them: remove one in "
        "values.yml.",
    ),
    *(
        (right, wrong, BLOCKS.format("django_disruption_budget"))
        for right, wrong in (
            (budget(3, minAvailable=2), budget(3, minAvailable=3)),
            (budget(3, minAvailable="66%"), budget(3, minAvailable="67%")),
            (budget(2, maxUnavailable="1%"), budget(2, maxUnavailable="0%")),
            (budget(1, minAvailable=1), budget(2, maxUnavailable=0)),
            ({**budget(2, maxUnavailable=0), "preflight_accepted_blocking_budgets": ["django"]}, budget(2, maxUnavailable=0)),
            ({**HPA, **budget(1, minAvailable=1)}, {**HPA, **budget(9, minAvailable=2)}),
            (budget(2, minAvailable="all"), budget(2, minAvailable="100%")),
        )
    ),
    (
        {**KEDA, "celery_worker_replicas": 2, "celery_worker_disruption_budget": {"minAvailable": 2}},
        {**KEDA, "celery_worker_keda_min_replicas": 2, "celery_worker_disruption_budget": {"minAvailable": 2}},
        BLOCKS.format("celery_worker_disruption_budget"),
    ),
]
