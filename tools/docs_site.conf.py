"""Settings of Sphinx for the documentation site: `make docs`."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes

project = "jewelry_shop.platform"
extensions = ["myst_parser", "sphinx_antsibull_ext"]
html_theme = "furo"
# The headings have the anchors that they have on GitHub.
myst_heading_anchors = 6
# A block without a language is a picture.
highlight_language = "none"
# psql's commands are no SQL.
suppress_warnings = ["misc.highlighting_failure"]

# Pages of Ansible that the reference links to, by label. The inventory of docs.ansible.com, which intersphinx reads, would need a network.
ANSIBLE = "https://docs.ansible.com/ansible/latest"
PAGES = {
    "action_plugins": "plugins/action.html",
    "ansible_configuration_settings": "reference_appendices/config.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}
PLUGIN = re.compile(r"ansible_collections\.(?!jewelry_shop\.)(\w+\.\w+)\.(\w+_(?:module|filter|lookup))")


def external(_app: Any, _environment: Any, node: Any, content: Any) -> Any:
    """Link to a page of Ansible. Nothing for a label of this site, which Sphinx then reports."""
    plugin = PLUGIN.fullmatch(node["reftarget"])
    page = f"collections/{plugin[1].replace('.', '/')}/{plugin[2]}.html" if plugin else PAGES.get(node["reftarget"])
    return nodes.reference("", "", content, internal=False, refuri=f"{ANSIBLE}/{page}") if page else None


def setup(app: Any) -> None:
    """Register the links to pages of Ansible."""
    app.connect("missing-reference", external)
