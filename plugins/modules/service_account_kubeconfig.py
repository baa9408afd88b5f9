#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: service_account_kubeconfig

short_description: Maintain a kubeconfig with an expiring token of a ServiceAccount

version_added: 1.0.0

description:
  - Requests a token of a ServiceAccount and writes a kubeconfig with it, with mode C(0600). Results, diffs and messages do not show the
    token.
  - Keeps an existing file for the first half of the token's lifetime. After that, or if the file is for another cluster, account or
    context, the module requests a new token.
  - Does not replace a file that is not a kubeconfig of a ServiceAccount.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options

attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status without modifying the target.
    support: full
  diff_mode:
    description: Returns details on what has changed when in diff mode.
    support: none
    details: A diff would show the token.

options:
  path:
    description: Path of the kubeconfig. Its directory must exist.
    type: path
    required: true
  service_account:
    description: Name of the ServiceAccount.
    type: str
    required: true
  service_account_namespace:
    description: Namespace of the ServiceAccount.
    type: str
    required: true
  context_name:
    description: Name of the context in the kubeconfig.
    type: str
    required: true
  default_namespace:
    description: Namespace of the context in the kubeconfig.
    type: str
    default: default
  seconds:
    description:
      - Seconds for which the token is requested, at least 600. The API server may shorten it.
    type: int
    default: 86400
  renew:
    description: Always request a new token. The old token stays valid until it expires.
    type: bool
    default: false

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: Write a kubeconfig for a pipeline
  jewelry_shop.platform.service_account_kubeconfig:
    context: production
    path: ~/deployer.kubeconfig
    service_account: jewelry-shop-deployer
    service_account_namespace: jewelry-shop-deployer
    context_name: production
    default_namespace: jewelry-shop
"""

RETURN = r"""
msg:
  description: One sentence.
  returned: always
  type: str
  sample: "/home/shop/deployer.kubeconfig: a new token was requested, because the file does not exist; it expires 2026-11-30T12:00:00+00:00"
path:
  description: Path of the kubeconfig.
  returned: success
  type: str
  sample: /home/shop/deployer.kubeconfig
expires:
  description: Expiry of the token; empty in check mode if a new token would be requested.
  returned: success
  type: str
  sample: "2026-11-30T12:00:00+00:00"
"""

import os
import stat
import tempfile
import time
from pathlib import Path
from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.run import run_module
from ansible_collections.jewelry_shop.platform.plugins.module_utils.tokens.kubeconfig import (
    Account,
    expiry,
    kubeconfig,
    reason_to_renew,
    token_in,
)

MODE = 0o600
SPEC = {
    "path": {"type": "path", "required": True},
    "service_account": {"type": "str", "required": True},
    "service_account_namespace": {"type": "str", "required": True},
    "context_name": {"type": "str", "required": True},
    "default_namespace": {"type": "str", "default": "default"},
    "seconds": {"type": "int", "default": 86400},
    "renew": {"type": "bool", "default": False},
}


def read(path: Path) -> Any:
    """Read the content of the file; None if the file does not exist.

    Args:
        path: path of the file.

    Raises:
        PlatformError: the file is not a kubeconfig of a ServiceAccount, or cannot be read.
    """
    # Imported here, as Ansible's import sanity test requires.
    import yaml

    try:
        found = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        return None
    except (yaml.YAMLError, UnicodeDecodeError):
        found = {}
    except OSError as error:
        raise PlatformError(f"{path} cannot be read: {error.strerror}", certain=True) from error
    if not token_in(found):
        raise PlatformError(f"{path} exists and is not a kubeconfig of a ServiceAccount: set another path", certain=True)
    return found


def write(path: Path, content: dict[str, Any]) -> None:
    """Write the file. From its creation on, only its owner can read it.

    Args:
        path: path of the file.
        content: the kubeconfig.

    Raises:
        PlatformError: the file cannot be written.
    """
    import yaml

    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise PlatformError(f"{path} cannot be written: {error.strerror} ({path.parent})", certain=True) from error
    try:
        with os.fdopen(descriptor, "w") as file:
            yaml.safe_dump(content, file, sort_keys=False)
        Path(temporary).replace(path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise PlatformError(f"{path} cannot be written: {error.strerror}", certain=True) from error


def keep_kubeconfig(module: AnsibleK8SModule, _mask: object) -> dict[str, Any]:
    """Read the file, and write it if necessary.

    Args:
        module: the module with its modes and parameters.

    Returns:
        The module's result.

    Raises:
        PlatformError: the file or the cluster cannot be read or written.
    """
    # Imported here, because it imports the kubernetes client, which may not be installed.
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.tokens.api import TokenApi

    params = module.params
    path = Path(params["path"])
    account = Account(params["service_account_namespace"], params["service_account"], params["context_name"], params["default_namespace"])
    found = read(path)
    api = TokenApi(auth(params))
    uid = api.uid(account)
    cluster = api.cluster()
    reason = reason_to_renew(found, account, cluster, uid, time.time()) or ("the option renew is true" if params["renew"] else "")
    if not reason:
        expires = expiry(token_in(found))
        is_open = stat.S_IMODE(path.stat().st_mode) != MODE
        if is_open and not module.check_mode:
            path.chmod(MODE)
        return {"changed": is_open, "path": str(path), "expires": expires, "msg": f"{path}: the token is kept; it expires {expires}"}
    if module.check_mode:
        return {"changed": True, "path": str(path), "expires": "", "msg": f"{path}: a new token would be requested, because {reason}"}
    token = api.token(account, params["seconds"])
    write(path, kubeconfig(account, cluster, token))
    expires = expiry(token)
    return {
        "changed": True,
        "path": str(path),
        "expires": expires,
        "msg": f"{path}: a new token was requested, because {reason}; it expires {expires}",
    }


def main() -> None:
    """Run the module."""
    run_module(SPEC, keep_kubeconfig, "25.3.0")


if __name__ == "__main__":
    main()
