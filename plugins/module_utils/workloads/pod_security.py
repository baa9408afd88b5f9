# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the Pod Security levels forbid in the settings of a pod: pure functions (private to the collection).

The controls are those of https://kubernetes.io/docs/concepts/security/pod-security-standards/. No level requires a read-only root file
system. The collection's own defaults meet C(restricted), so only fields that a setting gives need a check.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

ENFORCED = "pod-security.kubernetes.io/enforce"
LEVELS = ("restricted", "baseline", "privileged")
CONTAINERS = ("containers", "initContainers")
_RESTRICTED_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"}
_BASELINE_CAPABILITIES = {
    *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP"),
    *("SETUID", "SYS_CHROOT"),
}
_SELINUX_TYPES = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}


class _Control(NamedTuple):
    """A field below C(place), with the levels that allow a value.

    Args:
        place: C(pod), C(container) or both, C(context).
        path: names of the nested fields.
        needed: returns the strictest level that allows the value.
    """

    place: str
    path: tuple[str, ...]
    needed: Callable[[Any], str]


def _privileged_if(is_wrong: Callable[[Any], bool]) -> Callable[[Any], str]:
    return lambda value: "privileged" if is_wrong(value) else "restricted"


def _baseline_if(is_wrong: Callable[[Any], bool]) -> Callable[[Any], str]:
    return lambda value: "baseline" if is_wrong(value) else "restricted"


def _added(value: Any) -> str:
    added = {*value} if isinstance(value, Sequence) else set()
    return "privileged" if added - _BASELINE_CAPABILITIES else "baseline" if added - {"NET_BIND_SERVICE"} else "restricted"


def _is_unconfined(value: Any) -> bool:
    return bool(value == "Unconfined")


# A context is that of the pod and that of each container.
_CONTROLS = (
    *(_Control("pod", (name,), _privileged_if(bool)) for name in ("hostNetwork", "hostPID", "hostIPC")),
    _Control("container", ("securityContext", "privileged"), _privileged_if(bool)),
    _Control("container", ("securityContext", "capabilities", "add"), _added),
    _Control("container", ("securityContext", "capabilities", "drop"), _baseline_if(lambda value: "ALL" not in (value or ()))),
    _Control("container", ("securityContext", "allowPrivilegeEscalation"), _baseline_if(lambda value: value is not False)),
    _Control("container", ("securityContext", "procMount"), _privileged_if(lambda value: value not in (None, "Default"))),
    _Control("context", ("securityContext", "appArmorProfile", "type"), _privileged_if(_is_unconfined)),
    _Control("context", ("securityContext", "seccompProfile", "type"), _privileged_if(_is_unconfined)),
    _Control("context", ("securityContext", "seLinuxOptions", "type"), _privileged_if(lambda value: value not in _SELINUX_TYPES)),
    _Control("context", ("securityContext", "seLinuxOptions", "user"), _privileged_if(bool)),
    _Control("context", ("securityContext", "seLinuxOptions", "role"), _privileged_if(bool)),
    _Control("context", ("securityContext", "windowsOptions", "hostProcess"), _privileged_if(bool)),
    _Control("context", ("securityContext", "runAsNonRoot"), _baseline_if(lambda value: value is not True)),
    _Control("context", ("securityContext", "runAsUser"), _baseline_if(lambda value: str(value) == "0")),
)


def needed_levels(fragment: Mapping[str, Any]) -> dict[str, str]:
    """Find the fields of a pod that not every Pod Security level allows.

    Args:
        fragment: fields of the spec of a pod.

    Returns:
        The strictest level that allows the field, by the path of the field.
    """
    found = dict(_of_controls(fragment, "pod", ""))
    for volume in entries(fragment, "volumes"):
        found |= {f"volumes[{volume.get('name', '')}].{kind}": _level_of_volume(kind) for kind in volume if kind != "name"}
    for key in CONTAINERS:
        for container in entries(fragment, key):
            place = f"{key}[{container.get('name', '')}]."
            found |= dict(_of_controls(container, "container", place))
            found |= {f"{place}ports.hostPort": "privileged" for port in entries(container, "ports") if port.get("hostPort")}
    return {path: level for path, level in found.items() if level != "restricted"}


def pod_level(spec: Mapping[str, Any]) -> str:
    """Find the strictest Pod Security level that allows a pod.

    Args:
        spec: the spec of a live pod.
    """
    missing = ["baseline" for name, is_met in _REQUIRED.items() if not _has(spec, name, is_met)]
    return max([*needed_levels(spec).values(), *missing, "restricted"], key=LEVELS.index)


# Fields that the level restricted requires, each in all containers or, if the pod has the field too, in the pod.
_REQUIRED: dict[str, Callable[[Any], bool]] = {
    "allowPrivilegeEscalation": lambda value: value is False,
    "capabilities": lambda value: "ALL" in ((value or {}).get("drop") or ()),
    "runAsNonRoot": lambda value: value is True,
    "seccompProfile": lambda value: (value or {}).get("type") in ("RuntimeDefault", "Localhost"),
}


def _has(spec: Mapping[str, Any], name: str, is_met: Callable[[Any], bool]) -> bool:
    pod = spec.get("securityContext") or {}
    containers = [each.get("securityContext") or {} for key in CONTAINERS for each in entries(spec, key)]
    return all(is_met(each[name]) if name in each else is_met(pod.get(name)) for each in containers)


def entries(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The entries of a list of mappings; none if the value has another form.

    Args:
        value: a mapping.
        key: the key of the list.
    """
    listed = value.get(key)
    return [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []


def _level_of_volume(kind: str) -> str:
    return "privileged" if kind == "hostPath" else "restricted" if kind in _RESTRICTED_VOLUMES else "baseline"


def _of_controls(fields: Mapping[str, Any], place: str, prefix: str) -> Iterator[tuple[str, str]]:
    for control in _CONTROLS:
        if control.place in (place, "context"):
            value: Any = fields
            for name in control.path:
                value = value.get(name, _ABSENT) if isinstance(value, Mapping) else _ABSENT
            if value is not _ABSENT:
                yield prefix + ".".join(control.path), control.needed(value)


_ABSENT = object()
