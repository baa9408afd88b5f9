# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the configuration of nginx, which otherwise only the Job C(check-nginx) would find."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.nginx_locations import location_problems
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.quantities import amount, quantity_problems
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.traffic import body_bytes
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, Values

SIZES = ("nginx_client_max_body_size", "nginx_cache_size")
# A volume that each pod has for itself.
SOURCES = ("emptyDir", "ephemeral")


def _invalid_sizes(v: Values) -> Iterator[str]:
    return (f"{name} '{v[name]}'" for name in SIZES if body_bytes(v[name]) is None)


def _size_limit(v: Values) -> Any:
    """The C(sizeLimit) of the volume, if it has one."""
    source = v["nginx_temp_volume"].get("emptyDir")
    return source.get("sizeLimit") if isinstance(source, Mapping) else None


def _bytes_needed(v: Values) -> int:
    """One request body of the largest size, and the cache."""
    locations = v["nginx_locations"]
    sizes = [v["nginx_client_max_body_size"], *(each["max_body_size"] for each in locations if each.get("max_body_size"))]
    cache = (body_bytes(v["nginx_cache_size"]) or 0) if any(int(each.get("cache_seconds") or 0) for each in locations) else 0
    return max(body_bytes(size) or 0 for size in sizes) + cache


RULES = (
    Rule(
        lambda v: "; ".join(location_problems(v["nginx_locations"], v["nginx_file_paths"])),
        "nginx_locations in {preflight_values_file}: {}.",
    ),
    Rule(
        lambda v: " and ".join(_invalid_sizes(v)),
        "{} must be bytes, or a number with k, m or g, such as 50m: set it in {preflight_values_file}.",
    ),
    Rule(
        lambda v: list(v["nginx_temp_volume"]) not in [[source] for source in SOURCES],
        "nginx_temp_volume must have emptyDir or ephemeral, and nothing else, because each pod of nginx needs a volume of its own: set it "
        "in {preflight_values_file}.",
    ),
    Rule(
        lambda v: _size_limit(v) is not None and "; ".join(quantity_problems("nginx_temp_volume.emptyDir.sizeLimit", _size_limit(v))),
        "{} (set it in {preflight_values_file}).",
    ),
    Rule(
        lambda v: (amount(_size_limit(v)) or _bytes_needed(v)) < _bytes_needed(v) and str(_size_limit(v)),
        "nginx_temp_volume.emptyDir.sizeLimit {} is smaller than the largest request body (nginx_client_max_body_size, max_body_size of "
        "nginx_locations) with the cache (nginx_cache_size), so one upload could get a pod of nginx evicted: raise it in "
        "{preflight_values_file}.",
    ),
)
