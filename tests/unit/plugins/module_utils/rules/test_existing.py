# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the preflight reports of existing Secrets."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.existing import existing_secret_findings

NOT_USED = {"platform_secrets_provider": "inventory", "nginx_tls_provider": "none", "__preflight_ingress_secret_needed": False}
# By the variable with the result: the settings that use the Secret, and the end of a finding.
SECRETS: dict[str, tuple[dict[str, Any], str]] = {
    "preflight_secret": ({"platform_secrets_provider": "existing"}, " (platform_existing_secret)."),
    "preflight_tls_secret": ({"nginx_tls_provider": "existing"}, " (nginx_tls_secret)."),
    "preflight_ingress_secret": (
        {"__preflight_ingress_secret_needed": True},
        " (ingress_tls_secret; with cert-manager set ingress_cert_manager_issuer).",
    ),
}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize(
    ("registered", "sentences"),
    [
        pytest.param({"problems": ["Secret a/b has no key c"]}, ["Secret a/b has no key c"], id="a problem"),
        pytest.param({"problems": []}, [], id="no problem"),
        pytest.param({"failed": True, "msg": "Secret a/b does not exist"}, ["Secret a/b does not exist"], id="not read"),
        pytest.param({"skipped": True}, [], id="skipped"),
    ],
)
def test_each_problem_of_a_secret_contains_its_setting(name: str, registered: dict[str, Any], sentences: list[str]) -> None:
    settings, end = SECRETS[name]
    assert existing_secret_findings({**NOT_USED, **settings, name: registered}) == [f"{sentence}{end}" for sentence in sentences]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_that_is_not_used_has_no_findings(name: str) -> None:
    assert existing_secret_findings({**NOT_USED, name: {"problems": ["Secret a/b has no key c"]}}) == []


def test_the_findings_of_all_secrets_are_reported() -> None:
    used = {name: value for settings, _end in SECRETS.values() for name, value in settings.items()}
    results = {name: {"problems": [name]} for name in SECRETS}
    assert existing_secret_findings({**used, **results}) == [f"{name}{end}" for name, (_settings, end) in SECRETS.items()]
