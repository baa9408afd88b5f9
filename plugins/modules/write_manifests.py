#!/usr/bin/python

# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: write_manifests

short_description: Write manifests into a folder as kustomizations, without the values of Secrets

version_added: 1.0.0

description:
  - Writes each object into a file of its own, in one folder per stage, with a C(kustomization.yaml) in each folder and one for all of
    them in order. Each Job of the stages C(pre_deploy) and C(post_deploy) has a folder of its own.
  - Writes a C(README.md) with the objects, the Secrets with their keys, and the commands for kubectl.
  - The same arguments always give the same files. A file that an earlier export wrote and that no longer belongs to the export is removed.
    The file C(.export) lists these files. Other files stay.
  - Fails and writes nothing if a file of the export exists that no export wrote, if a manifest is a Secret with content, or if an object
    contains a value of O(mask).
  - Runs on the control node and connects to nothing.

options:
  directory:
    description: Directory on the control node. The files are in the directory O(host) below it. It is created if it is missing.
    type: path
    required: true
  host:
    description: Name of the host in the inventory.
    type: str
    required: true
  namespace:
    description: Namespace of the platform.
    type: str
    required: true
  stages:
    description: Manifests of each stage, in order. The stage C(secrets) has the Secrets without their values.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Name of the stage.
        type: str
        required: true
      manifests:
        description: YAML documents as a string, a manifest, or a list of manifests.
        type: raw
        required: true
  contents:
    description:
      - The C(name), the C(type) and the C(keys) of each Secret, and as C(title) its name without the hash. See C(secret_contents) of
        P(jewelry_shop.platform.configuration_objects#filter).
    type: list
    elements: dict
    default: []
  secrets:
    description:
      - What is written in place of the Secrets. V(none) leaves them out.
      - V(external_secret) writes an ExternalSecret (C(external-secrets.io/v1)) for each.
      - V(sealed_secret) writes a SealedSecret (C(bitnami.com/v1alpha1)) for each, with a placeholder for each value. Values that
        C(kubeseal) added to the file of an earlier export stay.
    type: str
    choices: [none, external_secret, sealed_secret]
    default: none
  secret_store_name:
    description: Name of the store of each ExternalSecret.
    type: str
    default: ''
  secret_store_kind:
    description: Kind of the store of each ExternalSecret.
    type: str
    choices: [SecretStore, ClusterSecretStore]
    default: ClusterSecretStore
  secret_remote_key:
    description:
      - Key of the entry in the store. C({namespace}), C({host}) and C({name}), the name of the Secret without its hash, are replaced.
    type: str
    default: '{namespace}/{name}'
  jobs:
    description:
      - Jobs in the cluster. If O(field_manager) applied a Job of the export, the export has it as it was applied, because the template of
        a Job is immutable. Ignored with O(argocd) or O(flux).
    type: list
    elements: dict
    default: []
  argocd:
    description: Whether the objects get the annotations of Argo CD for sync waves, hooks and pruning.
    type: bool
    default: false
  flux:
    description: Whether a Kustomization of Flux (C(kustomize.toolkit.fluxcd.io/v1)) is written for each folder, in the folder C(flux).
    type: bool
    default: false
  flux_path:
    description: Path of the directory O(host) in the repository.
    type: str
    default: ''
  flux_namespace:
    description: Namespace of the Kustomizations of Flux.
    type: str
    default: flux-system
  flux_source_kind:
    description: Kind of the source of the Kustomizations of Flux.
    type: str
    choices: [GitRepository, OCIRepository, Bucket]
    default: GitRepository
  flux_source_name:
    description: Name of the source of the Kustomizations of Flux.
    type: str
    default: flux-system
  timeout:
    description: Seconds that Flux waits for the objects of a folder.
    type: int
    default: 600
  command_timeout:
    description: Seconds that Flux and the commands of the README wait for a Job.
    type: int
    default: 1800
  mask:
    description: Values of secrets, which no object may contain. Values of fewer than four characters are ignored.
    type: list
    elements: str
    default: []
  field_manager:
    description: Field manager that applies the objects.
    type: str
    default: jewelry_shop.platform

attributes:
  action:
    description: Has a corresponding action plugin, so some parts of the options can be executed on the control node.
    support: full
  check_mode:
    description: Can run in C(check_mode) and return changed status without modifying the target.
    support: full
  diff_mode:
    description: Returns details on what has changed when in diff mode.
    support: full

author:
  - Jewelry Shop Platform Team (@jewelry-shop)
"""

EXAMPLES = r"""
- name: Write the manifests
  jewelry_shop.platform.write_manifests:
    directory: /srv/gitops/clusters
    host: production
    namespace: jewelry-shop
    stages:
      - name: namespace
        manifests: {apiVersion: v1, kind: Namespace, metadata: {name: jewelry-shop}}
    argocd: true
"""

RETURN = r"""
msg:
  description: One sentence.
  returned: always
  type: str
  sample: "/srv/gitops/clusters/production: 62 files, 3 of them differ"
directory:
  description: The directory of the host.
  returned: success
  type: str
  sample: /srv/gitops/clusters/production
written:
  description: Paths of the files that were created or changed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [10-tiers/deployment-django.yaml]
removed:
  description: Paths of the files that were removed, or would be in check mode.
  returned: success
  type: list
  elements: str
  sample: [04-configuration/configmap-django-config-7f8bb8k2c9.yaml]
"""
