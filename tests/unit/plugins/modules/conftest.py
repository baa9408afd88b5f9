# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Fixtures of the modules' tests."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def on_the_managed_node(monkeypatch: pytest.MonkeyPatch) -> None:
    """Modules return their warnings. If another test imported Ansible's controller, they would show them instead."""
    monkeypatch.setattr("ansible.module_utils._internal.is_controller", False)
