# Copyright (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Filters that shape manifests; each is documented in the YAML file of its name."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError

from ansible_collections.jewelry_shop.platform.plugins.module_utils.backup import listing as backups
from ansible_collections.jewelry_shop.platform.plugins.module_utils.backup import writers
from ansible_collections.jewelry_shop.platform.plugins.module_utils.canary import objects as canary
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster import permissions
from ansible_collections.jewelry_shop.platform.plugins.module_utils.configuration import environment, references
from ansible_collections.jewelry_shop.platform.plugins.module_utils.configuration import objects as configuration
from ansible_collections.jewelry_shop.platform.plugins.module_utils.jobs import commands, image_checks, static_files
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests import (
    images,
    names,
    network_policies,
    nginx_locations,
    objects,
    own_objects,
    quantities,
    traffic,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.mirror import listing, rewrite, script
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets import generated
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads import claims, derived, fragments, groups, pods


def _as_filter(function: Callable[..., Any]) -> Callable[..., Any]:
    """Raise a ValueError as AnsibleFilterError, so that its message reaches the user."""

    @functools.wraps(function)
    def apply(*arguments: Any, **options: Any) -> Any:
        try:
            return function(*arguments, **options)
        except ValueError as error:
            raise AnsibleFilterError(str(error)) from error

    return apply


class FilterModule:
    """The filters of manifests, grouped by the module_utils file with their logic."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name, as Ansible requires."""
        functions = (
            backups.backups_in,
            backups.backups_screen,
            backups.named_backup,
            writers.paused_autoscalers,
            writers.stopped_workloads,
            writers.writing_components,
            canary.canary_manifest,
            claims.claim_volumes,
            claims.enabled_claims,
            derived.component_endpoints,
            derived.health_endpoints,
            derived.workload_flows,
            fragments.adapted_pod,
            fragments.fragment_metadata,
            groups.group_settings,
            pods.application_pod,
            pods.pod_spec,
            pods.with_volumes,
            configuration.configuration_objects,
            environment.allowed_hosts,
            environment.application_config,
            environment.application_references,
            references.environment_objects,
            references.masked_secrets,
            references.plain_environment,
            generated.secrets_kept_in,
            image_checks.image_checks,
            images.image_version,
            listing.deployed_images,
            listing.images_screen,
            listing.mirror_problems,
            rewrite.mirrored_image,
            rewrite.mirrored_pods,
            script.mirror_script,
            commands.job_states,
            commands.jobs_to_run,
            commands.running_jobs_of_others,
            commands.migrating_commands,
            commands.undone_jobs,
            static_files.collecting_commands,
            static_files.collecting_pod,
            static_files.static_revision,
            static_files.with_static_revision,
            objects.hash_named,
            objects.object_identities,
            objects.rollout_target,
            objects.subject_alternative_name,
            objects.with_defaults,
            objects.without_empty,
            names.version_label,
            network_policies.network_policies,
            network_policies.network_policy_problems,
            network_policies.ports_without_flow,
            nginx_locations.nginx_locations,
            own_objects.custom_resources,
            own_objects.own_objects,
            permissions.needed_permissions,
            permissions.role_rules,
            quantities.canonical_quantities,
            quantities.cpu_cores,
            traffic.host_map_keys,
            traffic.size_bytes,
            traffic.upstream_keep_alive_milliseconds,
        )
        return {function.__name__: _as_filter(function) for function in functions}
