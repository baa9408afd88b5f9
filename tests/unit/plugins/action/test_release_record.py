# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The version of the collection in a record."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from ansible_collections.jewelry_shop.platform.plugins.action.release_record import COLLECTION, collection_version


def test_a_checkout_has_the_version_of_galaxy_yml() -> None:
    assert collection_version(COLLECTION) == yaml.safe_load((COLLECTION / "galaxy.yml").read_text())["version"]


def test_an_installed_collection_has_the_version_of_its_manifest(tmp_path: Path) -> None:
    (tmp_path / "MANIFEST.json").write_text(json.dumps({"collection_info": {"version": "2.3.4"}}))
    assert collection_version(tmp_path) == "2.3.4"
