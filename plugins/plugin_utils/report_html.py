# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Renders the HTML report (private to the collection). Jinja is part of Ansible on the control node, and modules must not need it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from ansible_collections.jewelry_shop.platform.plugins.module_utils.report.page import page

TEMPLATES = Path(__file__).parents[2] / "roles" / "report" / "templates"


def report_html(report: Mapping[str, Any]) -> str:
    """Write a report as an HTML page.

    The page is one file. It contains no script and loads nothing. All text of the report is escaped.

    Args:
        report: Report, as the role P(jewelry_shop.platform.report#role) creates it.

    Returns:
        HTML document.

    Example:
        {{ report | jewelry_shop.platform.report_html }}
    """
    return _template().render(page=page(report))


@cache
def _template() -> Template:
    loader = FileSystemLoader(TEMPLATES)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("report.html.j2")
