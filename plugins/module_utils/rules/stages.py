# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stages of C(site.yml), which stages a run with tags selects, and what each stage needs of the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.jobs.commands import jobs_to_run
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, Values
from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.lists import first_names

_COMMANDS, _TIERS, _POLICIES = "pre_deploy", "tiers", "network_policies"
# The pods of a stage start only if these objects exist.
_OF_PODS = ("namespace", _POLICIES, "operators", "configuration", "extra_objects", "storage", "data_services")
# By tag, in the order of site.yml: the stages that must be complete. A stage needs also what these stages need.
NEEDS: dict[str, tuple[str, ...]] = {
    "namespace": (),
    _POLICIES: ("namespace",),
    "operators": ("namespace",),
    "configuration": ("namespace",),
    "extra_objects": ("namespace",),
    "storage": ("namespace",),
    "data_services": ("namespace", "operators", "configuration"),
    _COMMANDS: _OF_PODS,
    _TIERS: (*_OF_PODS, _COMMANDS),
    "ingress": ("namespace",),
    "monitoring": ("namespace",),
    "post_deploy": (*_OF_PODS, _COMMANDS, _TIERS),
    # It reads, and reports what is missing.
    "validate": (),
    "record": (),
}
# A stage of the plan with another name than its tag.
_TAGS = {"secrets": "configuration"}
# Names with a hash make each change of the configuration a new object. A change of labels or sizes keeps no pod from starting.
_MISSING = ("create",)
# The commands after the tiers need the new pods.
_OUTDATED = {_TIERS: ("create", "change", "take_over")}
_MOST_NAMES = 3


def selected_stages(run_tags: Iterable[str], skip_tags: Iterable[str], import_tags: Iterable[str] = ()) -> list[str]:
    """The stages whose tasks run.

    A playbook that imports C(site.yml) can have tags of its own. A run that selects only such tags counts as a run of all stages, since
    the import may have them.

    Args:
        run_tags: value of C(--tags); V(all) without the option.
        skip_tags: value of C(--skip-tags).
        import_tags: tags on the import of C(site.yml), which each of its tasks has.
    """
    run, skip = set(run_tags), set(skip_tags)
    chosen = [stage for stage in NEEDS if stage in run]
    only_always = not run - {"always", "untagged", "never"}
    if not only_always and ({"all", "tagged", *import_tags} & run or not chosen):
        chosen = [*NEEDS]
    return [] if "all" in skip else [stage for stage in chosen if stage not in skip]


def _selected(v: Values) -> list[str]:
    import_tags = v["preflight_plan"].get("import_tags", ())
    return selected_stages(v.get("ansible_run_tags", ("all",)), v.get("ansible_skip_tags", ()), import_tags)


def _objects(v: Values, tag: str, actions: Iterable[str]) -> list[str]:
    """The planned objects of a stage with one of these actions, as kind and name."""
    found = [each for each in v["preflight_plan"].get("objects", ()) if _TAGS.get(each.get("stage", ""), each.get("stage")) == tag]
    return [f"{each['kind']} {each['name']}" for each in found if each["action"] in actions]


def _jobs(v: Values) -> list[str]:
    """The Jobs of this release that are not complete. Without valid settings the release is not known."""
    if not v.get("platform_release"):
        return []
    due = jobs_to_run(v["__pre_deploy_commands"], v["preflight_plan"].get("jobs", ()), v["platform_release"])
    return [f"Job {each['name']}" for each in due]


def _incomplete(v: Values, stage: str) -> list[str]:
    if stage == _POLICIES and v["preflight_plan"].get("taking_over"):
        # An adoption applies the policies after the tiers.
        return []
    return _jobs(v) if stage == _COMMANDS else _objects(v, stage, _OUTDATED.get(stage, _MISSING))


def _cure(v: Values, stages: Iterable[str]) -> str:
    """What to change in the options, so that these stages are selected."""
    skipped = [stage for stage in stages if stage in v.get("ansible_skip_tags", ())]
    added = [stage for stage in stages if stage not in skipped]
    cures = [f"add {','.join(added)} to --tags"] * bool(added) + [f"remove {','.join(skipped)} from --skip-tags"] * bool(skipped)
    return " and ".join(cures).capitalize()


def _left_out(v: Values) -> Mapping[str, Any]:
    selected = _selected(v)
    needed = {need for stage in selected for need in NEEDS[stage]} - set(selected)
    missing = {stage: found for stage in NEEDS if stage in needed and (found := _incomplete(v, stage))}
    if not missing:
        return {}
    return {
        "stages": ", ".join(stage for stage in selected if set(NEEDS[stage]) & set(missing)),
        "missing": "; ".join(f"{stage} ({first_names(found, _MOST_NAMES)})" for stage, found in missing.items()),
        "cure": _cure(v, missing),
    }


def _early_removals(v: Values) -> Mapping[str, Any]:
    selected = _selected(v)
    if _POLICIES not in selected or _TIERS in selected:
        return {}
    removed = _objects(v, _POLICIES, ("remove",))
    if not removed or not _objects(v, _TIERS, (*_OUTDATED[_TIERS], "remove")):
        return {}
    return {"removed": first_names(removed, _MOST_NAMES), "cure": _cure(v, [_TIERS])}


RULES = (
    Rule(
        _left_out,
        "The selected tags ({0[stages]}) need stages that this run leaves out and that are not complete: {0[missing]}. {0[cure]}.",
    ),
    Rule(
        _early_removals,
        "The selected tag network_policies removes policies that the running pods may need until the tiers are replaced: {0[removed]}. "
        "{0[cure]}.",
    ),
)
