"""What the preflight makes of the Secrets that somebody else made."""

from __future__ import annotations

from typing import Any

import pytest

INGRESS = {"ingress_enabled": True, "ingress_hosts": ["shop.example.com"], "ingress_tls_secret": "own", "ingress_cert_manager_issuer": ""}
# By the variable of the findings: what a task registered it as, the settings by which it is asked, the end of a finding.
SECRETS: dict[str, tuple[str, dict[str, Any], str]] = {
    "__preflight_secret_findings": ("preflight_secret", {"platform_secrets_provider": "existing"}, " (platform_existing_secret)."),
    "__preflight_tls_secret_findings": ("preflight_tls_secret", {"nginx_tls_provider": "existing"}, " (nginx_tls_secret)."),
    "__preflight_ingress_secret_findings": (
        "preflight_ingress_secret",
        INGRESS,
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
def test_each_problem_of_a_secret_names_its_setting(resolve: Any, name: str, registered: dict[str, Any], sentences: list[str]) -> None:
    variable, settings, end = SECRETS[name]
    assert resolve(name, **settings, **{variable: registered}) == [f"{sentence}{end}" for sentence in sentences]


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_that_is_not_used_has_no_findings(resolve: Any, name: str) -> None:
    assert resolve(name, **{SECRETS[name][0]: {"problems": ["Secret a/b has no key c"]}}) == []
