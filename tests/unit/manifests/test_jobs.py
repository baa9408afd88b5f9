"""Labels and annotations that only the Jobs have."""

from __future__ import annotations

from typing import Any


def test_job_labels_and_annotations_apply_only_to_the_pods_of_jobs(changed: Any) -> None:
    jobs, others = changed.of_kind("Job"), changed.of_kind("Deployment", "StatefulSet")
    assert {job["metadata"]["labels"]["component"] for job in jobs} == {"migrate", "collectstatic", "check-services"}
    for job in jobs:
        metadata = job["spec"]["template"]["metadata"]
        assert metadata["labels"] == {"sidecar.istio.io/inject": "false", **job["metadata"]["labels"]}
        assert metadata["annotations"] == {"contact": "shop@example.com", "linkerd.io/inject": "disabled"}
        assert job["metadata"]["annotations"] == {"contact": "shop@example.com"}
    for owner in others:
        metadata = owner["spec"]["template"]["metadata"]
        assert "sidecar.istio.io/inject" not in metadata["labels"]
        assert "linkerd.io/inject" not in metadata["annotations"]


def test_the_jobs_have_no_further_labels_by_default(production: Any) -> None:
    for job in production.of_kind("Job"):
        assert job["spec"]["template"]["metadata"] == {"labels": job["metadata"]["labels"]}
