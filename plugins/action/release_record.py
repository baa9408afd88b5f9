# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the module M(jewelry_shop.platform.release_record) in Ansible's worker process where possible."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from ansible_collections.jewelry_shop.platform.plugins.plugin_utils.in_process import InProcessAction

COLLECTION = Path(__file__).parents[2]


def collection_version(collection: Path) -> str:
    """The version of a collection: an installed one has the file MANIFEST.json, a checkout has galaxy.yml.

    Args:
        collection: the directory of the collection.
    """
    manifest = collection / "MANIFEST.json"
    if manifest.is_file():
        return str(json.loads(manifest.read_text())["collection_info"]["version"])
    return str(yaml.safe_load((collection / "galaxy.yml").read_text())["version"])


class ActionModule(InProcessAction):
    """Runs the module with the version of the collection, which the control node knows."""

    def run_module(self, arguments: dict[str, Any], task_vars: dict[str, Any]) -> dict[str, Any]:
        """Run the module, and return its result.

        Args:
            arguments: the task's arguments.
            task_vars: variables of the host.
        """
        return super().run_module({**arguments, "collection": arguments.get("collection") or collection_version(COLLECTION)}, task_vars)
