# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the modules of the collection begin and end (private to the collection)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import with_auth


def open_module(
    options: Mapping[str, Any], module_class: type[AnsibleModule] = AnsibleModule, *, supports_check_mode: bool = True
) -> AnsibleK8SModule:
    """A module with the authentication options, which loads the kubernetes client when it is needed and not before.

    Args:
        options: the module's own options.
        module_class: what reads the parameters and writes the result.
        supports_check_mode: whether it writes nothing in check mode, where Ansible else skips it.
    """
    return AnsibleK8SModule(
        module_class=module_class,
        argument_spec=with_auth(options),
        supports_check_mode=supports_check_mode,
        check_k8s=False,
        check_pyyaml=False,
    )


def run_module(options: Mapping[str, Any], work: Callable[[AnsibleK8SModule], dict[str, Any]], kubernetes: str) -> None:
    """Do a module's work, and end with its result or with the sentence of its PlatformError.

    Args:
        options: the module's own options.
        work: takes the module, and returns its result.
        kubernetes: oldest version of the kubernetes client that serves.
    """
    module = open_module(options)
    module.requires("kubernetes", kubernetes)
    try:
        result = work(module)
    except PlatformError as error:
        module.fail_json(msg=str(error))
        return
    module.exit_json(**result)
