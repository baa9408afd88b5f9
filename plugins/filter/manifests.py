# Copyright (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Filters that shape manifests; each is documented in the YAML file of its name."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.jewelry_shop.platform.plugins.module_utils import (
    _generated,
    _image_checks,
    _images,
    _jobs,
    _manifests,
    _names,
    _network_policies,
    _own_objects,
    _permissions,
    _quantities,
    _traffic,
)


def _as_filter(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give the sentence of a ValueError to the person who wrote the value."""

    @functools.wraps(function)
    def apply(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except ValueError as error:
            raise AnsibleFilterError(str(error)) from error

    return apply


class FilterModule:
    """The filters of manifests, by the file that has their logic."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Name them, as Ansible asks for."""
        functions = (
            _generated.secrets_kept_in,
            _image_checks.image_checks,
            _images.image_version,
            _jobs.job_states,
            _jobs.jobs_to_run,
            _manifests.environment_entries,
            _manifests.environment_strings,
            _manifests.hash_named,
            _manifests.object_identities,
            _manifests.removal_line,
            _manifests.rollout_target,
            _manifests.secret_data,
            _manifests.subject_alternative_name,
            _manifests.with_defaults,
            _names.naming_problems,
            _names.version_label,
            _network_policies.network_policies,
            _network_policies.network_policy_problems,
            _own_objects.custom_resources,
            _own_objects.own_objects,
            _permissions.needed_permissions,
            _permissions.role_rules,
            _quantities.canonical_quantities,
            _quantities.cpu_cores,
            _traffic.host_map_keys,
            _traffic.size_bytes,
            _traffic.upstream_keep_alive_milliseconds,
        )
        return {function.__name__: _as_filter(function) for function in functions}
