# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Dry runs and the reads of a preflight (private to the collection)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Cluster, as_platform_error, patiently
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import (
    NoNamespaceError,
    NotFoundError,
    PlatformError,
    RefusedError,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.permissions import Permission, not_granted
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import Manifest, subject
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.removals import OUR_LABELS

TIMEOUT = 30.0
# Objects in an answer, and in all answers for one list. A platform has some hundreds of a kind.
PAGE, MOST_ITEMS = 500, 5000
_METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


class PlanApi(Cluster):
    """Reads and dry runs, one after another.

    Args:
        auth: kubernetes.core's authentication options, by their names in a task.
    """

    def facts(self) -> dict[str, Any]:
        """Address, version and identity of the cluster, and its storage and ingress classes.

        The identity is the uid of the namespace kube-system, which each cluster has and none shares. A credential that is meant for
        one namespace may read neither: then the identity is empty, and the classes are None.

        Raises:
            PlatformError: they cannot be read; says why in the cluster's words.
        """
        # The first that is asked, and so not patiently.
        try:
            client = self._connect()
            version = client.client.version["kubernetes"]["gitVersion"]
        except Exception as error:  # of several libraries without a common base
            raise as_platform_error("the cluster's version", error) from error
        try:
            system = self.read({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "kube-system"}}) or {}
        except RefusedError:
            system = {}
        return {
            "host": client.configuration.host,
            "version": version.removeprefix("v"),
            "uid": system.get("metadata", {}).get("uid", ""),
            "storage_classes": self._drivers_if_allowed("storage.k8s.io/v1", "StorageClass", lambda item: item["provisioner"]),
            "ingress_classes": self._drivers_if_allowed(
                "networking.k8s.io/v1", "IngressClass", lambda item: item.get("spec", {}).get("controller", "")
            ),
        }

    def _drivers_if_allowed(self, api_version: str, kind: str, driver: Callable[[Manifest], str]) -> dict[str, str] | None:
        try:
            return {item["metadata"]["name"]: driver(item) for item in self._items(api_version, kind, f"{kind}es")}
        except PlatformError as error:
            if error.certain or isinstance(error, RefusedError):
                return None
            raise

    def jobs(self, namespace: str, selector: str) -> list[Manifest]:
        """The Jobs that a label selector picks."""
        return self._items("batch/v1", "Job", f"Jobs of namespace {namespace}", namespace=namespace, label_selector=selector)

    def forbidden(self, namespace: str, wanted: Iterable[Permission]) -> list[Permission]:
        """Those of the permissions that the credential lacks in a namespace, which need not exist.

        One request lists what the cluster can list of a namespace. What it does not list, and what belongs to no namespace, is asked for
        one by one.

        Raises:
            PlatformError: they cannot be asked for.
        """
        answer = self._review("the credential's permissions", "SelfSubjectRulesReview", {"namespace": namespace})
        rules = answer["resourceRules"] or ()
        return [each for each in not_granted(wanted, rules) if not self._may(namespace, each)]

    def _may(self, namespace: str, wanted: Permission) -> bool:
        spec = {"resourceAttributes": wanted.attributes(namespace)}
        allowed: bool = self._review(f"the permission to {wanted}", "SelfSubjectAccessReview", spec)["allowed"]
        return allowed

    def _review(self, named: str, kind: str, spec: Mapping[str, Any]) -> Mapping[str, Any]:
        """The status of an object that the API server answers and does not keep."""
        api_version = "authorization.k8s.io/v1"
        answer, _reply = self._ask(named, kind, api_version, "create", body={"apiVersion": api_version, "kind": kind, "spec": spec})
        status: Mapping[str, Any] = answer["status"]
        return status

    def ours(self, api_version: str, kind: str, namespace: str) -> list[Manifest]:
        """The objects of a kind in a namespace that bear the collection's labels.

        None where the API server knows no such kind or does not let it be listed: who may not list it has not made it.

        Raises:
            PlatformError: they cannot be had for another reason.
        """
        selector = ",".join(f"{key}={value}" for key, value in OUR_LABELS.items())
        try:
            items = self._items(api_version, kind, f"{kind} of namespace {namespace}", namespace=namespace, label_selector=selector)
        # Not found is a kind that went since the client last read which ones there are.
        except (RefusedError, NotFoundError):
            return []
        return [{**item, "apiVersion": api_version, "kind": kind} for item in items]

    def _items(self, api_version: str, kind: str, asked_for: str, **params: Any) -> list[Manifest]:
        items: list[Manifest] = []
        token = ""
        while len(items) < MOST_ITEMS:
            page = self._ask(asked_for, kind, api_version, "get", limit=PAGE, **({"_continue": token} if token else {}), **params)[0]
            items += page["items"]
            token = (page.get("metadata") or {}).get("continue") or ""
            if not token:
                return items
        raise PlatformError(f"{asked_for}: there are more than {MOST_ITEMS}: delete those that nothing needs", certain=True)

    def _ask(self, named: str, kind: str, api_version: str, method: str, **params: Any) -> tuple[Manifest, Any]:
        """The answer to a request, and the response that it came with."""

        def ask() -> tuple[Manifest, Any]:
            try:
                resource = self._connect().resource(kind, api_version)
                if params.get("name") and resource.namespaced and not params.get("namespace"):
                    raise RefusedError(without_namespace(named), certain=True)
                reply = getattr(resource, method)(serialize=False, _request_timeout=TIMEOUT, **params)
                return json.loads(reply.data), reply
            except PlatformError:
                raise
            except Exception as error:  # of several libraries without a common base
                raise as_platform_error(named, error, hides_content=kind == "Secret" and method != "get") from error

        return patiently(ask)

    def read(self, manifest: Mapping[str, Any]) -> Manifest | None:
        """The object of a manifest's kind and name as it is, a Secret without its content; None if there is none.

        Raises:
            RefusedError: the API server does not let it be read, or knows no such kind.
            PlatformError: it cannot be had for another reason.
        """
        accept = {"Accept": _METADATA_ONLY} if manifest["kind"] == "Secret" else {}
        try:
            return self._call(manifest, "get", header_params=accept)
        except NotFoundError:
            return None

    def dry_run(self, manifest: Manifest, field_manager: str) -> tuple[Manifest, list[str]]:
        """What server-side apply would make of an object, and the API server's warnings; nothing is kept.

        Args:
            manifest: what is applied.
            field_manager: in whose name; conflicts with others are won.

        Raises:
            NoNamespaceError: its namespace does not exist.
            RefusedError: the API server refuses it.
            PlatformError: it cannot be had for another reason.
        """
        warnings: list[str] = []
        try:
            answer = self._call(
                manifest, "server_side_apply", warnings,
                body=manifest, field_manager=field_manager, force_conflicts=True, dry_run="All",
            )  # fmt: skip
        except NotFoundError as error:
            raise NoNamespaceError(str(error), certain=True) from error
        return answer, warnings

    def dry_run_patch(self, patch: Manifest, field_manager: str) -> tuple[Manifest, list[str]]:
        """What a merge patch would make of an object, and the API server's warnings; nothing is kept.

        Args:
            patch: a manifest, in which None stands for what goes.
            field_manager: in whose name.

        Raises:
            RefusedError: the API server refuses it.
            PlatformError: it cannot be had for another reason.
        """
        warnings: list[str] = []
        answer = self._call(
            patch, "patch", warnings,
            body=patch, content_type="application/merge-patch+json", field_manager=field_manager, dry_run="All",
        )  # fmt: skip
        return answer, warnings

    def dry_run_delete(self, live: Manifest, policy: str) -> None:
        """Ask whether an object could be deleted; it is not.

        Args:
            live: the object as it is.
            policy: what happens to what belongs to it, as in propagationPolicy.

        Raises:
            RefusedError: the API server refuses it.
            PlatformError: it cannot be asked.
        """
        # The API server does not look at the query of a deletion that has a body.
        self._call(live, "delete", body={**deletion(live, policy), "dryRun": ["All"]})

    def admit(self, pod: Manifest, owner: Manifest) -> str:
        """Why the API server would not let a pod be created; empty if it would. Nothing is kept.

        Args:
            pod: a manifest with a generateName.
            owner: the workload that it is for, as messages name it.

        Raises:
            PlatformError: it cannot be asked.
        """
        try:
            self._ask(subject(owner), "Pod", "v1", "create", body=pod, namespace=pod["metadata"]["namespace"], dry_run="All")
        except (RefusedError, NotFoundError) as error:
            return str(error)
        return ""

    def _call(self, manifest: Mapping[str, Any], method: str, warnings: list[str] | None = None, **params: Any) -> Manifest:
        metadata = manifest["metadata"]
        answer, reply = self._ask(
            subject(manifest), manifest["kind"], manifest["apiVersion"], method,
            name=metadata["name"], namespace=metadata.get("namespace"), **params,
        )  # fmt: skip
        if warnings is not None:
            warnings += _warnings(reply)
        # A list of metadata has a kind of its own; what was asked for is known.
        return {**answer, "apiVersion": manifest["apiVersion"], "kind": manifest["kind"]}


def without_namespace(named: str) -> str:
    """Reject an object that needs a namespace and names none.

    Args:
        named: the object, as messages name it.
    """
    return f"{named}: it has no metadata.namespace, which its kind needs: add it"


def deletion(live: Manifest, policy: str) -> Manifest:
    """The body of a request that deletes this object and no later one of the same name.

    Args:
        live: the object as it is.
        policy: what happens to what belongs to it, as in propagationPolicy.
    """
    return {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": live["metadata"]["uid"]},
        "propagationPolicy": policy,
    }


def _warnings(reply: Any) -> list[str]:
    from ansible_collections.kubernetes.core.plugins.module_utils.k8s.service import decode_warnings

    header = reply.headers.get("warning") if reply.headers else None
    found: list[str] = decode_warnings(header.split(", ")) if header else []
    return found
