# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of AWX that follow from the settings of the role awx: pure functions (private to the collection)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.awx.surveys import awx_survey

Row = Mapping[str, Any]

# Events of a job template. A workflow also has the event `approvals`.
_EVENTS = ("started", "success", "error")
# Settings of a notification type that AWX encrypts, and never returns.
_ENCRYPTED = frozenset({"token", "password", "grafana_key", "account_token", "aws_secret_access_key"})


def template_name(prefix: str, environment: str, action: str) -> str:
    """The name of the job template of an action in an environment.

    Args:
        prefix: the variable C(awx_name).
        environment: name of the environment.
        action: name of the action, such as V(deploy).
    """
    return f"{prefix} {environment} {action}"


def awx_job_templates(
    actions: Iterable[Row], environments: Sequence[Row], surveys: Mapping[str, Any], prefix: str, extra_vars: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """List the job templates of all environments.

    Args:
        actions: Rows with C(name), C(description), C(playbook), and optionally C(job_type), C(diff_mode), C(survey) and C(extra_vars).
        environments: The variable C(awx_environments).
        surveys: Questions of each survey, by the name that C(survey) of an action refers to. A survey without questions is left out.
        prefix: The variable C(awx_name).
        extra_vars: Variables of all templates. Those of an environment and of an action take precedence.

    Returns:
        One mapping for each template, with the options of M(awx.awx.job_template) that differ between templates.

    Example:
        {{ awx_actions | jewelry_shop.platform.awx_job_templates(awx_environments, {}, 'shop', {}) }}
    """
    actions = list(actions)
    return [_job_template(action, environment, surveys, prefix, extra_vars) for environment in environments for action in actions]


def _job_template(action: Row, environment: Row, surveys: Mapping[str, Any], prefix: str, extra_vars: Mapping[str, Any]) -> dict[str, Any]:
    name = template_name(prefix, environment["name"], action["name"])
    return {
        "name": name,
        "description": action["description"],
        "playbook": action["playbook"],
        "job_type": action.get("job_type", "run"),
        "diff_mode": action.get("diff_mode", False),
        "inventory": f"{prefix} {environment['name']}",
        "credentials": list(environment["credentials"]),
        "extra_vars": {**extra_vars, **(environment.get("extra_vars") or {}), **(action.get("extra_vars") or {})},
        "survey_spec": awx_survey(surveys.get(action.get("survey", ""), ()), name),
    }


def awx_schedules(schedules: Iterable[Row], environments: Sequence[Row], prefix: str) -> list[dict[str, Any]]:
    """List the schedules of all environments.

    Args:
        schedules: The variable C(awx_schedules).
        environments: The variable C(awx_environments).
        prefix: The variable C(awx_name).

    Returns:
        One mapping for each schedule, with the options of M(awx.awx.schedule).

    Example:
        {{ awx_schedules | jewelry_shop.platform.awx_schedules(awx_environments, awx_name) }}
    """
    every = [environment["name"] for environment in environments]
    return [
        {
            "name": f"{prefix} {environment} {schedule['name']}",
            "template": template_name(prefix, environment, schedule["template"]),
            "rrule": schedule["rrule"],
            "enabled": schedule.get("enabled", True),
        }
        for schedule in schedules
        for environment in schedule.get("environments") or every
    ]


def awx_workflow_nodes(environments: Sequence[str], prefix: str, approval_timeout: int) -> list[dict[str, Any]]:
    """List the nodes of the workflow that deploys to one environment after another.

    A failed deployment starts the rollback of its environment. A successful one starts the approval of the next environment.

    Args:
        environments: The variable C(awx_workflow_environments).
        prefix: The variable C(awx_name).
        approval_timeout: The variable C(awx_approval_timeout).

    Returns:
        One mapping for each node, with C(identifier), and C(template) or C(approval). A node that others follow has their identifiers as
        C(success) and C(failure).

    Example:
        {{ ['staging', 'production'] | jewelry_shop.platform.awx_workflow_nodes('shop', 3600) }}
    """
    nodes: list[dict[str, Any]] = []
    for number, environment in enumerate(environments):
        following = environments[number + 1 : number + 2]
        nodes += [
            {
                "identifier": f"{environment}-deploy",
                "template": template_name(prefix, environment, "deploy"),
                "success": [f"{each}-approval" for each in following],
                "failure": [f"{environment}-rollback"],
            },
            {"identifier": f"{environment}-rollback", "template": template_name(prefix, environment, "rollback")},
            *(_approval(each, f"{environment}-deploy", approval_timeout) for each in following),
        ]
    return nodes


def _approval(environment: str, after: str, timeout: int) -> dict[str, Any]:
    return {
        "identifier": f"{environment}-approval",
        "approval": {
            "name": f"Deploy to {environment}",
            "description": f"Approve the deployment to {environment} after the success of {after}.",
            "timeout": timeout,
        },
        "success": [f"{environment}-deploy"],
        "failure": [],
    }


def awx_notified(notifications: Iterable[Row]) -> dict[str, list[str]]:
    """Group the names of notification templates by event.

    Args:
        notifications: The variable C(awx_notifications).

    Returns:
        A list of names for each of C(started), C(success), C(error) and C(approvals).

    Example:
        {{ (awx_notifications | jewelry_shop.platform.awx_notified).error }}
    """
    notifications = list(notifications)
    return {event: [each["name"] for each in notifications if event in each["events"]] for event in (*_EVENTS, "approvals")}


def awx_keeps_secrets(configuration: Mapping[str, Any]) -> bool:
    """Whether a notification has a value that AWX encrypts, so that AWX cannot compare it.

    Args:
        configuration: The key C(configuration) of a notification.

    Returns:
        True if it has such a value.

    Example:
        {{ {'url': 'https://example.com', 'password': ''} | jewelry_shop.platform.awx_keeps_secrets }}
    """
    return any(configuration.get(key) for key in _ENCRYPTED)


def awx_absent(results: Mapping[str, Any]) -> list[str]:
    """Find the objects that check mode would create.

    The modules of awx.awx return the ID of an object that exists, also in check mode.

    Args:
        results: Results of tasks with modules of awx.awx, with or without a loop, by the words for their objects.

    Returns:
        The words and the name of each object.

    Example:
        {{ {'inventory': awx_inventories_applied} | jewelry_shop.platform.awx_absent }}
    """
    each = [(words, single) for words, result in results.items() for single in result.get("results", [result])]
    return [f"{words} {_name_of(one)}".strip() for words, one in each if one.get("changed") and "id" not in one]


def _name_of(result: Row) -> str:
    item = result.get("item", "")
    return str(item.get("name") or item.get("identifier")) if isinstance(item, Mapping) else str(item)


# What to do, by words of the modules of awx.awx.
_ADVICE = (
    ("HTTP 401", "Set awx_token, or CONTROLLER_OAUTH_TOKEN in the environment, to a valid token."),
    ("HTTP 403", "Use the token of a system administrator."),
    ("connect", "Set awx_host, or CONTROLLER_HOST in the environment, to the URL of AWX."),
    ("resolve controller_host", "Set awx_host, or CONTROLLER_HOST in the environment, to the URL of AWX."),
    ("returned 0 items", "Create this object in AWX, or correct its name in the variables of the role awx."),
)


def awx_failure(result: Mapping[str, Any], task: str) -> str:
    """Show why AWX could not be configured, and what to do.

    Args:
        result: Result of the failed task.
        task: Name of the failed task.

    Returns:
        A sentence with the words of the module, and with the item of a loop.

    Example:
        {{ ansible_failed_result | jewelry_shop.platform.awx_failure(ansible_failed_task.name) }}
    """
    failed = next((each for each in result.get("results") or () if each.get("failed")), result)
    words = " ".join(str(failed.get("msg") or "The module gave no reason.").split())
    if task.startswith("Require"):
        return str(failed.get("msg"))
    advice = next((sentence for part, sentence in _ADVICE if part in words), "")
    subject = f" {_name_of(failed)}" if failed.get("item") else ""
    return f"{task}{subject}: {words.rstrip('.')}. {advice}".strip()
