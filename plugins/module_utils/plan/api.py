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
# Objects per response, and objects per list. A platform has a few hundred objects of a kind.
PAGE, MOST_ITEMS = 500, 5000
_METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


class PlanApi(Cluster):
    """Reads and dry runs, one after another.

    Args:
        auth: the authentication options of kubernetes.core, by their names in a task.
    """

    def facts(self) -> dict[str, Any]:
        """Address, version and identity of the cluster, and its storage and ingress classes.

        The identity is the UID of the namespace kube-system, which every cluster has and which is unique. A user with permissions for one
        namespace may read neither the namespace nor the classes. Then the identity is empty, and the classes are None.

        Raises:
            PlatformError: the facts cannot be read; contains the error message of the cluster.
        """
        # The first request of a run, and therefore not retried.
        try:
            client = self._connect()
            version = client.client.version["kubernetes"]["gitVersion"]
        except Exception as error:  # of several libraries without a common base class
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

    def nodes(self) -> list[Manifest]:
        """All nodes; empty if the user may not list them.

        Raises:
            PlatformError: the nodes cannot be listed for another reason.
        """
        try:
            return self._items("v1", "Node", "the nodes")
        except RefusedError:
            return []

    def jobs(self, namespace: str, selector: str) -> list[Manifest]:
        """The Jobs that match a label selector."""
        return self._items("batch/v1", "Job", f"Jobs of namespace {namespace}", namespace=namespace, label_selector=selector)

    def forbidden(self, namespace: str, wanted: Iterable[Permission]) -> list[Permission]:
        """The permissions that the user lacks in a namespace, which need not exist.

        One request lists the permissions in the namespace. Permissions that the cluster cannot list, and permissions for cluster-scoped
        resources, are checked one by one.

        Raises:
            PlatformError: the permissions cannot be checked.
        """
        answer = self._review("the credential's permissions", "SelfSubjectRulesReview", {"namespace": namespace})
        rules = answer["resourceRules"] or ()
        return [each for each in not_granted(wanted, rules) if not self._may(namespace, each)]

    def _may(self, namespace: str, wanted: Permission) -> bool:
        spec = {"resourceAttributes": wanted.attributes(namespace)}
        allowed: bool = self._review(f"the permission to {wanted}", "SelfSubjectAccessReview", spec)["allowed"]
        return allowed

    def _review(self, named: str, kind: str, spec: Mapping[str, Any]) -> Mapping[str, Any]:
        """The status of a review object, which the API server returns and does not store."""
        api_version = "authorization.k8s.io/v1"
        answer, _reply = self._ask(named, kind, api_version, "create", body={"apiVersion": api_version, "kind": kind, "spec": spec})
        status: Mapping[str, Any] = answer["status"]
        return status

    def ours(self, api_version: str, kind: str, namespace: str) -> list[Manifest]:
        """The objects of a kind in a namespace that have the labels of the collection.

        Raises:
            PlatformError: the objects cannot be listed.
        """
        return self.listed(api_version, kind, namespace, ",".join(f"{key}={value}" for key, value in OUR_LABELS.items()))

    def listed(self, api_version: str, kind: str, namespace: str, selector: str = "") -> list[Manifest]:
        """The objects of a kind in a namespace.

        Empty if the API server does not serve the kind or the user may not list it: then the user has not created such objects.

        Args:
            api_version: apiVersion of the kind.
            kind: the kind.
            namespace: the namespace.
            selector: a label selector; empty for all objects.

        Raises:
            PlatformError: the objects cannot be listed for another reason.
        """
        query = {"label_selector": selector} if selector else {}
        try:
            items = self._items(api_version, kind, f"{kind} of namespace {namespace}", namespace=namespace, **query)
        # NotFoundError: the kind was removed after the client read the list of kinds.
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
        """The document in the response to a request, and the response."""

        def ask() -> tuple[Manifest, Any]:
            try:
                resource = self._connect().resource(kind, api_version)
                if params.get("name") and resource.namespaced and not params.get("namespace"):
                    raise RefusedError(without_namespace(named), certain=True)
                reply = getattr(resource, method)(serialize=False, _request_timeout=TIMEOUT, **params)
                return json.loads(reply.data), reply
            except PlatformError:
                raise
            except Exception as error:  # of several libraries without a common base class
                raise as_platform_error(named, error, hides_content=kind == "Secret" and method != "get") from error

        return patiently(ask)

    def read(self, manifest: Mapping[str, Any]) -> Manifest | None:
        """The live object of a manifest's kind and name, a Secret without its data; None if it does not exist.

        Raises:
            RefusedError: the user may not read it, or the API server does not serve the kind.
            PlatformError: the object cannot be read for another reason.
        """
        accept = {"Accept": _METADATA_ONLY} if manifest["kind"] == "Secret" else {}
        try:
            return self._call(manifest, "get", header_params=accept)
        except NotFoundError:
            return None

    def dry_run(self, manifest: Manifest, field_manager: str) -> tuple[Manifest, list[str]]:
        """The result of a server-side apply as a dry run, and the warnings of the API server. Nothing is stored.

        Args:
            manifest: the manifest to apply.
            field_manager: the field manager; conflicts are forced.

        Raises:
            NoNamespaceError: the namespace does not exist.
            RefusedError: the API server rejects it.
            PlatformError: the dry run fails for another reason.
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
        """The result of a merge patch as a dry run, and the warnings of the API server. Nothing is stored.

        Args:
            patch: a manifest, in which None removes a field.
            field_manager: the field manager.

        Raises:
            RefusedError: the API server rejects it.
            PlatformError: the dry run fails for another reason.
        """
        warnings: list[str] = []
        answer = self._call(
            patch, "patch", warnings,
            body=patch, content_type="application/merge-patch+json", field_manager=field_manager, dry_run="All",
        )  # fmt: skip
        return answer, warnings

    def dry_run_delete(self, live: Manifest, policy: str) -> None:
        """Delete an object as a dry run. Nothing is deleted.

        Args:
            live: the live object.
            policy: the propagationPolicy for its dependents.

        Raises:
            RefusedError: the API server rejects it.
            PlatformError: the dry run fails for another reason.
        """
        # The API server ignores the query parameters of a deletion that has a body.
        self._call(live, "delete", body={**deletion(live, policy), "dryRun": ["All"]})

    def admit(self, pod: Manifest, owner: Manifest) -> str:
        """Why the API server would reject the creation of a pod; empty if it would accept it. Nothing is stored.

        Args:
            pod: a manifest with a generateName.
            owner: the workload of the pod, for messages.

        Raises:
            PlatformError: the dry run fails.
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
        # A metadata response has its own kind. Set the requested one.
        return {**answer, "apiVersion": manifest["apiVersion"], "kind": manifest["kind"]}


def without_namespace(named: str) -> str:
    """The message that rejects a namespaced object without a namespace.

    Args:
        named: the object, for messages.
    """
    return f"{named}: it has no metadata.namespace, which its kind needs: add it"


def deletion(live: Manifest, policy: str) -> Manifest:
    """The body of a request that deletes exactly this object, and no later object of the same name.

    Args:
        live: the live object.
        policy: the propagationPolicy for its dependents.
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
