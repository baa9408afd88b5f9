# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The common frame of the collection's modules (private to the collection)."""

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
    """Run a module, and end with its result or with the message of its PlatformError.

    The module has the authentication options. It imports the kubernetes client only when it is needed.

    Args:
        options: the module's own options.
        work: takes the module and the mask for secrets, and returns the module's result.
        kubernetes: minimum version of the kubernetes client; empty for any version, None if the work itself requires it.
        module_class: the class that reads the parameters and writes the result.
        supports_check_mode: whether the module supports check mode. Without support, Ansible skips it in check mode.
        take_secrets: removes and returns the secrets in the parameters. It runs first, because every result contains the parameters.
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
