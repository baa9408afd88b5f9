# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the modules of the collection begin and end (private to the collection)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import with_auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import Masker


def run_module(
    options: Mapping[str, Any],
    work: Callable[[AnsibleK8SModule, Masker], dict[str, Any]],
    kubernetes: str | None = None,
    *,
    module_class: type[AnsibleModule] = AnsibleModule,
    supports_check_mode: bool = True,
    take_secrets: Callable[[dict[str, Any]], Iterable[str]] | None = None,
) -> None:
    """Do a module's work, and end with its result or with the sentence of its PlatformError.

    The module has the authentication options. It loads the kubernetes client when it is needed and not before.

    Args:
        options: the module's own options.
        work: takes the module and what hides secrets, and returns the module's result.
        kubernetes: oldest version of the kubernetes client that serves; empty for any, None where the work requires it.
        module_class: what reads the parameters and writes the result.
        supports_check_mode: whether it writes nothing in check mode, where Ansible else skips it.
        take_secrets: takes what must be hidden out of the parameters before anything can fail, since they are part of every answer.
    """
    module = AnsibleK8SModule(
        module_class=module_class,
        argument_spec=with_auth(options),
        supports_check_mode=supports_check_mode,
        check_k8s=False,
        check_pyyaml=False,
    )
    mask = Masker(take_secrets(module.params) if take_secrets else ())
    if kubernetes is not None:
        module.requires("kubernetes", kubernetes or None)
    try:
        result = work(module, mask)
    except PlatformError as error:
        module.fail_json(msg=mask(str(error)) if take_secrets else str(error))
        return
    (module.fail_json if result.get("failed") else module.exit_json)(**result)
