# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Cases of the rules for groups of workers: values that pass, values that do not, and the message."""

from __future__ import annotations

from typing import Any

from rule_values import SETTINGS

Values = dict[str, Any]
SERVICE = (
    "celery_worker_groups '{}' is not a valid name of a Service; write at most 55 lower-case letters, digits and -, begin with a letter, "
    "and end with a letter or digit (set it in values.yml)."
)
TAKEN = "A group cannot have the name {}, which something else in the namespace has: choose another name in values.yml."
WITHOUT_QUEUES = "The group {} of celery_worker_groups has no queues: set queues of the group in values.yml."
UNSERVED = (
    "No group of celery_worker_groups serves {}, which celery_worker_queues lists: add each queue to queues of a group in values.yml, or "
    "set celery_worker_queues there to the queues that the application uses."
)
SILENT = (
    "A worker with the pool solo does not answer celery inspect while it runs a task, so the probes would restart the group {}: set probe "
    "of the group to heartbeat in values.yml, or choose another pool."
)
DIGEST = {"platform_image_digest": "sha256:" + "0" * 64}


def groups(*entries: Values, **further: Any) -> Values:
    """Groups, with the names of their workloads."""
    others = [each for each in SETTINGS["tiers_overview"] if each["name"] != "celery-worker"]
    return {
        "celery_worker_groups": [*entries],
        "tiers_overview": [*others, *({"name": each["name"]} for each in entries)],
        **further,
    }


def group(name: str, **settings: Any) -> Values:
    return {"name": name, **settings}


REST = group("celery-worker")
# With the settings that give something else the name.
NAMES_OF_OTHERS: dict[str, Values] = {
    **{name: {} for name in ("django", "flower", "redis", "jobs", "ingress", "migrate", "check-nginx")},
    "mail": {"network_policies_endpoints": {"mail": []}},
}
CASES: list[tuple[Values, Values, str]] = [
    (
        {**groups(), "tiers_roles": ["django", "nginx"]},
        groups(),
        "celery_worker_groups has no group: add one in values.yml, or remove celery_worker from tiers_roles.",
    ),
    *((groups(group("a1-b")), groups(group(name)), SERVICE.format(name)) for name in ("Pricing", "1st", "a-", "a" * 56, "a.b")),
    (
        groups(REST, group("pricing")),
        groups(REST, group("pricing"), group("pricing")),
        "Two groups have the name pricing: give each group a name of its own in values.yml.",
    ),
    *(
        (groups(REST, group("redis-tasks")), groups(REST, group(name), **further), TAKEN.format(name))
        for name, further in NAMES_OF_OTHERS.items()
    ),
    (
        {"network_policies_endpoints": {"celery-worker": []}},
        groups(group("tidy"), post_deploy_commands=[{"name": "tidy"}]),
        TAKEN.format("tidy"),
    ),
    (groups(REST, group("mail", queues=["mail"])), groups(REST, group("mail", queues=[])), WITHOUT_QUEUES.format("mail")),
    ({}, {"celery_worker_queues": []}, WITHOUT_QUEUES.format("celery-worker")),
    (
        groups(group("fast", queues=["celery", "other"]), group("slow", queues=["reports"])),
        groups(group("fast", queues=["celery"]), group("slow", queues=["celery", "other"])),
        UNSERVED.format("reports"),
    ),
    (
        groups(group("fast", queues=["celery"]), celery_worker_queues=["celery"]),
        groups(group("fast", queues=["other"])),
        UNSERVED.format("celery, reports"),
    ),
    (
        groups(group("a", pool="solo"), group("b", probe="inspect")),
        groups(group("a"), group("b", probe="inspect"), celery_worker_pool="solo"),
        SILENT.format("b"),
    ),
    # Rules that read a setting of each tier read it of each group, too.
    (
        groups(REST, group("mail", image_tag="2")),
        groups(REST, group("mail", image_tag="2"), **DIGEST),
        "platform_image_digest pins the image, but celery_worker_groups[mail].image_tag would replace the digest. Set only the digest or "
        "only tags in values.yml.",
    ),
    (
        groups(REST, group("mail", pod={"nodeSelector": {"a": "b"}})),
        groups(REST, group("mail", pod={"spec": {}})),
        "celery_worker_groups[mail].pod.spec is not a field of the spec of a pod: write the fields of the spec directly into the setting "
        "in values.yml, and labels and annotations into its key metadata.",
    ),
    (
        groups(REST, group("mail", pod={})),
        {
            **groups(REST, group("mail", pod={"terminationGracePeriodSeconds": 9})),
            "celery_worker_termination_grace_period_seconds": 300,
        },
        "celery_worker_groups[mail].pod.terminationGracePeriodSeconds would override the grace period that fits the time to stop: set "
        "celery_worker_groups[mail].termination_grace_period_seconds in values.yml instead.",
    ),
    (
        groups(REST, group("mail", volumes=[{"name": "media", "path": "/media"}])),
        groups(REST, group("mail", volumes=[{"name": "medja"}])),
        "celery_worker_groups[mail].volumes[medja] has no source and is none of media, exports (set it in values.yml).",
    ),
    (
        groups(REST, group("mail", service_account_annotations={"a": "b"})),
        groups(REST, group("mail", service_account_annotations={"a": 1})),
        "celery_worker_groups[mail].service_account_annotations.a must be a string; quote its value (set it in values.yml).",
    ),
]
