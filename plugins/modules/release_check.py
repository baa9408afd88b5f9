#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: release_check

short_description: Check that the release in a namespace works

version_added: 1.0.0

description:
  - Checks the namespace, the revision, image and replicas of every workload, pods and their restarts, and claims. Also checks Services
    and their endpoints, memory usage compared to limits, Warning events and error lines in logs.
  - Always runs all checks. Errors fail the task. Warnings (restarts, events, error lines, memory) do not.
  - Counts restarts, events and log lines from the creation of the newest revision of a workload.
  - A Warning event counts while its object exists, does not belong to an older revision, is not being deleted, and the event's message
    still applies. An event of a ready pod counts if it happened after the pod last became ready. An event of an autoscaler counts while
    the autoscaler cannot scale, and new pods have five minutes to get metrics.
  - A Deployment or StatefulSet with 0 replicas is healthy, and so is a Service that selects only pods of such workloads. It is a
    warning for O(customer_facing). It is an error if a HorizontalPodAutoscaler targets it, because autoscaling is off at 0 replicas.
  - A ScaledObject of KEDA is a warning if KEDA cannot read its triggers, or has not read it within five minutes.
  - Recognizes error lines by their level in the formats of Django, gunicorn, Celery, nginx, PostgreSQL, Redis and Python's logging,
    in logfmt and in JSON. A traceback also counts. Lines of nginx about client errors do not count.
  - A field of a pod template that only another field manager owns is an error, because applying keeps it. A claim whose volume another
    client set is an error too. Both checks require O(field_manager).
  - A finished pod of a Job is healthy. Another failed pod, for example an evicted one, is a warning if it ended after the creation of
    the newest revision. It is not an error, because its workload has replaced it and is checked by its replicas.
  - A pod without the label C(app=jewelry-shop) does not belong to this platform. If it is not ready, that is a warning.
  - Retries for up to 90 seconds while the API server is unavailable or overloaded.
  - Never changes anything, so check mode does the same as a run.
  - Requires the permissions C(get) on the namespace, C(list) on the checked kinds and on C(pods), C(events),
    C(persistentvolumeclaims), C(replicasets), C(services) and C(endpointslices), and C(get) on C(pods/log). The permission to list
    C(horizontalpodautoscalers), C(jobs), C(scaledobjects) of C(keda.sh), and C(pods) of C(metrics.k8s.io) is optional.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.allowed_field_managers
  - jewelry_shop.platform.read_only

options:
  namespace:
    description: Namespace of the release.
    type: str
    required: true
  workloads:
    description: Workloads of the release.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: Kind of the workload.
        type: str
        choices: [Deployment, StatefulSet, DaemonSet]
        default: Deployment
      name:
        description: Name of the workload.
        type: str
        required: true
      image:
        description: >-
          Image that one of its containers must have. An image that an admission webhook pinned to a digest, or whose registry it replaced
          by a mirror, still matches.
        type: str
  services:
    description: Names of the Services that must have ready endpoints.
    type: list
    elements: str
    default: []
  claims:
    description: Names of the PersistentVolumeClaims that must be bound.
    type: list
    elements: str
    default: []
  customer_facing:
    description: Names of the workloads that are required to serve customers. 0 replicas of one of them is a warning.
    type: list
    elements: str
    default: []
  release:
    description:
      - The current release, as in the label C(jewelry-shop/release) of its Jobs. A failed Job of another release is not a warning.
      - By default every failed Job with a Warning event is a warning.
    type: str
    default: ''
  field_manager:
    description:
      - Name of the field manager that applies the workloads and claims. Objects that it neither applied nor labelled are not checked for
        fields of other field managers.
      - By default field managers are not checked.
    type: str
    default: ''
  log_lines:
    description: Number of last log lines per container that are searched for errors, up to 4 MiB; 0 for none.
    type: int
    default: 1000
  mask:
    description: Strings to mask in logs and events, also in encoded form.
    type: list
    elements: str
    default: []
  mask_secrets:
    description:
      - Secrets of O(namespace) whose values are masked in the same way, as V(NAME), or V(NAME/KEY) for the value of one key. The module
        reads these Secrets.
    type: list
    elements: str
    default: []

requirements:
  - python >= 3.9
  - kubernetes >= 24.2.0

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: Check the release
  jewelry_shop.platform.release_check:
    context: production
    namespace: jewelry-shop
    workloads:
      - name: django
        image: registry.example.com/jewelry-shop:1.4.0
      - name: nginx
    services: [django-service, nginx-service]
    claims: [media-pvc, static-pvc]
    customer_facing: [django, nginx]
"""

RETURN = r"""
msg:
  description: One sentence that names the failed checks.
  returned: always
  type: str
  sample: "1 of 31 checks failed: Service/nginx-service has no ready endpoint (0 of 2)"
since:
  description: Creation time of the newest revision; empty if the namespace does not exist.
  returned: success or failed checks
  type: str
  sample: "2026-11-25T17:00:00+00:00"
checks:
  description: All checks.
  returned: success or failed checks
  type: list
  elements: dict
  contains:
    name:
      description: One of V(namespace), V(workload), V(claim), V(fields), V(image), V(pod), V(service), V(memory), V(event), V(log).
      type: str
      returned: always
    subject:
      description: Kind and name of the checked object.
      type: str
      returned: always
      sample: Deployment/django
    severity:
      description: One of V(ok), V(warning), V(error).
      type: str
      returned: always
    message:
      description: One sentence.
      type: str
      returned: always
"""

from dataclasses import asdict
from typing import Any

from ansible_collections.kubernetes.core.plugins.module_utils.k8s.core import AnsibleK8SModule

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import ALLOWED_SPEC, MASK_SPEC, auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.run import run_module
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.existing import secrets_to_mask
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import Masker, MaskingModule, take_mask

WORKLOAD_SPEC = {
    "kind": {"type": "str", "choices": ["Deployment", "StatefulSet", "DaemonSet"], "default": "Deployment"},
    "name": {"type": "str", "required": True},
    "image": {"type": "str"},
}
SPEC = {
    "namespace": {"type": "str", "required": True},
    "workloads": {"type": "list", "elements": "dict", "default": [], "options": WORKLOAD_SPEC},
    "services": {"type": "list", "elements": "str", "default": []},
    "claims": {"type": "list", "elements": "str", "default": []},
    "customer_facing": {"type": "list", "elements": "str", "default": []},
    "release": {"type": "str", "default": ""},
    "field_manager": {"type": "str", "default": ""},
    **ALLOWED_SPEC,
    "log_lines": {"type": "int", "default": 1000},
    **MASK_SPEC,
}


def make_checks(module: AnsibleK8SModule, mask: Masker) -> dict[str, Any]:
    """Read the cluster and check.

    Args:
        module: the module with its parameters.
        mask: hides secrets.

    Returns:
        The module's result.

    Raises:
        PlatformError: an option is wrong, or the cluster cannot be read.
    """
    # Imported here, because they import the kubernetes client, which may not be installed.
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Cluster
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.release.checks import ERROR, summary
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.release.run import Release, check_release
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import Target

    params = module.params
    mask.hide(secrets_to_mask(params))
    if params["log_lines"] < 0:
        raise PlatformError(f"log_lines must not be negative, it is {params['log_lines']}", certain=True)
    namespace = params["namespace"]
    targets = [Target(each["kind"], each["name"], namespace, each["image"] or None, 0) for each in params["workloads"]]
    targets += [Target("PersistentVolumeClaim", name, namespace, None, 0) for name in params["claims"]]
    api = Cluster(auth(params))
    release = Release(
        namespace, targets, params["services"], params["log_lines"], params["customer_facing"], params["release"],
        params["field_manager"], params["allowed_field_managers"],
    )  # fmt: skip
    checks, since = check_release(api, release, mask)
    return {
        # Join the lines after masking, because a secret is recognized by its whitespace too.
        "checks": [{**asdict(check), "message": " ".join(mask(check.message).split())} for check in checks],
        "since": since.isoformat() if since else "",
        "msg": mask(summary(checks)),
        "changed": False,
        "failed": any(check.severity == ERROR for check in checks),
    }


def main() -> None:
    """Run the module."""
    run_module(SPEC, make_checks, "", module_class=MaskingModule, take_secrets=take_mask)


if __name__ == "__main__":
    main()
