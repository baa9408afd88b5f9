# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which options of ansible-playbook a playbook of the collection rejects."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.stages import NEEDS
from ansible_collections.jewelry_shop.platform.plugins.module_utils.settings.problems import nearest

_COLLECTION = "jewelry_shop.platform."
_NOTHING = "Nothing was changed."


class Options(NamedTuple):
    """The options of a run, as far as they select tasks.

    Args:
        start_at_task: value of C(--start-at-task).
        step: whether C(--step) is set.
        tags: value of C(--tags); V(all) without the option.
        skip_tags: value of C(--skip-tags).
        has_stages: whether the playbook has the stages of C(site.yml) as tags. The others have no tags.
        is_alone: whether the run has no other playbook, to which an unknown tag could belong.
    """

    start_at_task: str = ""
    step: bool = False
    tags: Collection[str] = ("all",)
    skip_tags: Collection[str] = ()
    has_stages: bool = True
    is_alone: bool = True


class _Unsupported(NamedTuple):
    """An option that is rejected.

    Args:
        wrong: returns what is wrong, or a false value.
        message: a format string. C({}) is what is wrong.
    """

    wrong: Callable[[Options], Any]
    message: str


def _unknown(options: Options, selected: Iterable[str], always_known: Collection[str], left_out: str = "") -> str:
    stages = [stage for stage in NEEDS if stage != left_out]
    unknown = [tag for tag in selected if tag not in always_known and tag not in stages]
    if not options.is_alone or not options.has_stages or not unknown:
        return ""
    return f"{','.join(unknown)}, which no stage has{nearest(unknown[0], stages)} {_NOTHING} The tags are {', '.join(stages)}"


def _without_effect(options: Options) -> str:
    if not options.is_alone or options.has_stages:
        return ""
    wrong = [f"--tags {tag}" for tag in options.tags if tag not in ("all", "untagged")]
    wrong += [f"--skip-tags {tag}" for tag in options.skip_tags]
    return " ".join(wrong)


_UNSUPPORTED = (
    _Unsupported(
        lambda o: o.start_at_task,
        f"--start-at-task is not supported, because it skips the checks before the first write. {_NOTHING} Run the playbook without it. "
        "Stages without changes are skipped.",
    ),
    _Unsupported(
        lambda o: o.step,
        f"--step is not supported, because later tasks need the results of the tasks that you would skip. {_NOTHING} Use --check --diff to "
        "show the changes first, or --tags to select stages of site.yml.",
    ),
    _Unsupported(
        lambda o: ",".join(tag for tag in o.skip_tags if tag in ("always", "tagged")),
        "--skip-tags {} is not supported, because it skips the checks before the first write. " + f"{_NOTHING} Remove it.",
    ),
    _Unsupported(
        _without_effect,
        "{} is not supported, because this playbook has no tags. " + f"{_NOTHING} Run it without --tags and --skip-tags.",
    ),
    _Unsupported(
        lambda o: "record" in o.tags and o.has_stages,
        f"--tags record is not supported, because a run with --tags records no release. {_NOTHING} Run site.yml without --tags.",
    ),
    _Unsupported(lambda o: _unknown(o, o.tags, ("all", "always", "tagged", "record"), left_out="record"), "--tags has {}."),
    _Unsupported(lambda o: _unknown(o, o.skip_tags, ("all", "always", "tagged")), "--skip-tags has {}."),
)


def rejected_option(options: Options) -> str:
    """One sentence about the first option that is not supported; empty if all are.

    Args:
        options: the options of the run.
    """
    found = ((each.message, each.wrong(options)) for each in _UNSUPPORTED)
    return next((message.format(wrong) for message, wrong in found if wrong), "")


def is_alone(playbooks: Collection[str], root: Path) -> bool:
    """Whether a run has one playbook, and it is one of this collection and not one that imports it.

    Args:
        playbooks: the arguments of ansible-playbook.
        root: directory of the collection.
    """
    if len(playbooks) != 1:
        return False
    [name] = playbooks
    path = Path(name).resolve()
    # site.yml in the root imports the playbook of the same name.
    return name.startswith(_COLLECTION) or path == root / "site.yml" or path.parent == root / "playbooks"


def options_of(arguments: Mapping[str, Any], has_stages: bool, root: Path) -> Options:
    """The options of a run.

    Args:
        arguments: the parsed command line of ansible-playbook.
        has_stages: whether the playbook has the stages of C(site.yml) as tags.
        root: directory of the collection.
    """
    return Options(
        start_at_task=arguments.get("start_at_task") or "",
        step=bool(arguments.get("step")),
        tags=tuple(arguments.get("tags") or ("all",)),
        skip_tags=tuple(arguments.get("skip_tags") or ()),
        has_stages=has_stages,
        is_alone=is_alone(arguments.get("args") or (), root),
    )
