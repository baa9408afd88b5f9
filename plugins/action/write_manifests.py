# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes manifests and kustomizations into a folder on the control node."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.export.files import INDEX, Change, changes, write
from ansible_collections.jewelry_shop.platform.plugins.module_utils.export.run import export_files
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import Masker

STAGE = {"name": {"type": "str", "required": True}, "manifests": {"type": "raw", "required": True}}
SPEC: dict[str, Any] = {
    "directory": {"type": "path", "required": True},
    "host": {"type": "str", "required": True},
    "namespace": {"type": "str", "required": True},
    "stages": {"type": "list", "elements": "dict", "required": True, "options": STAGE},
    "contents": {"type": "list", "elements": "dict", "default": []},
    "secrets": {"type": "str", "choices": ["none", "external_secret", "sealed_secret"], "default": "none", "no_log": False},
    "secret_store_name": {"type": "str", "default": "", "no_log": False},
    "secret_store_kind": {
        "type": "str",
        "choices": ["SecretStore", "ClusterSecretStore"],
        "default": "ClusterSecretStore",
        "no_log": False,
    },
    "secret_remote_key": {"type": "str", "default": "{namespace}/{name}", "no_log": False},
    "jobs": {"type": "list", "elements": "dict", "default": []},
    "argocd": {"type": "bool", "default": False},
    "flux": {"type": "bool", "default": False},
    "flux_path": {"type": "str", "default": ""},
    "flux_namespace": {"type": "str", "default": "flux-system"},
    "flux_source_kind": {"type": "str", "choices": ["GitRepository", "OCIRepository", "Bucket"], "default": "GitRepository"},
    "flux_source_name": {"type": "str", "default": "flux-system"},
    "timeout": {"type": "int", "default": 600},
    "command_timeout": {"type": "int", "default": 1800},
    "mask": {"type": "list", "elements": "str", "default": [], "no_log": True},
    "field_manager": {"type": "str", "default": "jewelry_shop.platform"},
}


class ActionModule(ActionBase):
    """Renders the files and writes those that differ."""

    _requires_connection = False
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Write the export.

        Args:
            tmp: unused.
            task_vars: variables of the host.
        """
        result: dict[str, Any] = super().run(tmp, task_vars)
        del tmp
        _result, arguments = self.validate_argument_spec(SPEC)
        # Plain values: templates return subclasses of str, which PyYAML rejects.
        params: dict[str, Any] = json.loads(json.dumps(arguments))
        mask = Masker(params.pop("mask"))
        directory = Path(params["directory"]) / params["host"]
        try:
            files, warnings = export_files(directory, params, mask)
            found = changes(directory, files)
            if not self._task.check_mode:
                write(directory, found)
        except PlatformError as error:
            result.update(failed=True, changed=False, msg=mask(str(error)))
            return result
        result.update(
            changed=bool(found),
            directory=str(directory),
            written=[each.path for each in found if each.after is not None],
            removed=[each.path for each in found if each.after is None],
            warnings=warnings,
            msg=_summary(directory, found, len(files)),
        )
        if self._task.diff:
            result["diff"] = [_diff(each) for each in found]
        return result


def _summary(directory: Path, found: list[Change], number: int) -> str:
    if not found:
        return f"{directory}: all {number} files are as before"
    removed = sum(each.after is None for each in found)
    written = sum(each.path != INDEX for each in found) - removed
    return f"{directory}: {number} files, of which {written} are new or changed; {removed} files no longer belong to the export"


def _diff(change: Change) -> dict[str, str]:
    return {
        "before_header": change.path,
        "after_header": change.path,
        "before": change.before or "",
        "after": change.after or "",
    }
