#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: release_check

short_description: Check that the release in a namespace serves as it should

version_added: 1.0.0

description:
  - Looks at the namespace, the revision, image and replicas of every workload, pods and their restarts, Services and their endpoints,
    claims, the use of memory against its limits, Warning events and error lines in logs.
  - All checks are always made. Errors fail the task; warnings (restarts, events, error lines, memory) do not.
  - Restarts, events and log lines count from the moment when the newest revision of a workload came into being.
  - A Warning event counts while its object exists, is not of an older revision and is not on its way out, and while what it says still
    holds. An event of a ready pod counts if it happened after the pod last became ready. An event of an autoscaler counts while the
    autoscaler cannot scale, and new pods have five minutes to get metrics.
  - A Deployment or StatefulSet that is set to 0 replicas is fine, and so is a Service that selects the pods of such workloads alone. It is
    a warning for O(customer_facing), and an error where a HorizontalPodAutoscaler is meant to scale it, since that is off at 0 replicas.
  - An error line of a log is known by its level, in the formats of Django, gunicorn, Celery, nginx, PostgreSQL, Redis and Python's
    logging, in logfmt and in JSON. A traceback counts too. What nginx logs about a visitor's mistake does not.
  - A field of a pod template that only another field manager owns is an error, since applying leaves it as it is. So is a claim whose
    volume somebody else chose. This needs O(field_manager).
  - A Job's finished pod is as it should be. Another pod that failed, such as an evicted one, is a warning if it ended since that moment,
    for its workload has replaced it and is judged by its replicas.
  - A pod without the label C(app=jewelry-shop) is somebody else's; that it is not ready is a warning.
  - An API server that is away or too busy is asked again for up to 90 seconds.
  - Nothing is ever changed, so check mode does the same as a run.
  - Needs the permissions C(get) on the namespace, C(list) on what is checked and on C(pods), C(events), C(persistentvolumeclaims),
    C(replicasets), C(services) and C(endpointslices), and C(get) on C(pods/log). Where C(horizontalpodautoscalers), C(jobs), and C(pods)
    of C(metrics.k8s.io) may be listed, it helps.

extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
  - jewelry_shop.platform.allowed_field_managers
  - jewelry_shop.platform.read_only

options:
  namespace:
    description: Where the release is.
    type: str
    required: true
  workloads:
    description: Its workloads.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: Its kind.
        type: str
        choices: [Deployment, StatefulSet, DaemonSet]
        default: Deployment
      name:
        description: Its name.
        type: str
        required: true
      image:
        description: An image that one of its containers has to have; pinned to a digest by an admission webhook it is still the same.
        type: str
  services:
    description: Names of the Services that have to lead somewhere.
    type: list
    elements: str
    default: []
  claims:
    description: Names of the PersistentVolumeClaims that have to be bound.
    type: list
    elements: str
    default: []
  customer_facing:
    description: Names of the workloads without which no customer is served. It is a warning if one of them is set to 0 replicas.
    type: list
    elements: str
    default: []
  release:
    description:
      - The release that serves, as its Jobs carry it in the label C(jewelry-shop/release). A failed Job of another release is no warning.
      - By default every failed Job that the cluster warns of is a warning.
    type: str
    default: ''
  field_manager:
    description:
      - Name of the field manager that applies the workloads and claims. Those that it neither applied nor labelled are not checked for
        fields of others.
      - By default who wrote them is not checked.
    type: str
    default: ''
  log_lines:
    description: How many of the last lines of each container's log are searched for errors, up to 4 MiB; 0 for none.
    type: int
    default: 1000
  mask:
    description: Texts that are hidden wherever a log or an event repeats them, also where they are encoded.
    type: list
    elements: str
    default: []
  mask_secrets:
    description: Names of Secrets of O(namespace) whose values are hidden in the same way; the module reads them.
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
- name: Check what serves
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
  description: One sentence; names what failed.
  returned: always
  type: str
  sample: "1 of 31 checks failed: Service/nginx-service none of 2 endpoints is ready, so it leads nowhere"
since:
  description: When the newest revision came into being; empty where there is no namespace.
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
      description: Kind and name of what it is about.
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
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import ALLOWED_SPEC, auth
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
    "mask": {"type": "list", "elements": "str", "default": [], "no_log": True},
    "mask_secrets": {"type": "list", "elements": "str", "default": [], "no_log": False},
}


def make_checks(module: AnsibleK8SModule, mask: Masker) -> dict[str, Any]:
    """Read the cluster and check.

    Args:
        module: the module, whose parameters say what is asked for.
        mask: hides secrets.

    Returns:
        The module's result.

    Raises:
        PlatformError: an option is wrong, or the cluster cannot be read.
    """
    # Imported here, since they import the kubernetes client, which may not be installed.
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
        # A message is one line, made after masking: a secret is recognized by its spaces too.
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
