"""What runs of the playbooks change, and what they leave alone."""

from __future__ import annotations

from typing import Any


def test_check_mode_on_a_converged_cluster_moves_nothing(cluster: Any, playbook: Any) -> None:
    before = cluster.resource_versions()
    run = playbook("site.yml", "--check", "--diff")
    assert run.returncode == 0, run.output
    assert run.changed == 0, run.output
    assert cluster.resource_versions() == before


def test_a_failed_migration_leaves_every_deployment_as_it_was(cluster: Any, playbook: Any, shop: Any) -> None:
    before = cluster.generations()
    commands = [{"name": "migrate-drill", "command": ["env", "DEMO_FAIL_MIGRATE=3", "python", "manage.py", "migrate"]}]
    run = playbook("site.yml", pre_deploy_commands=commands, platform_image_tag="1.0.0-next")
    assert run.returncode != 0
    assert "migrate-drill-" in run.output, run.output
    assert "3" in run.output.split("FAILED!")[-1], run.output
    assert cluster.generations() == before
    assert shop.get("/health/ready/").json()["version"] == "1.0.0"


def test_a_new_tag_is_deployed_and_deployed_again(cluster: Any, playbook: Any, shop: Any) -> None:
    """R2: a Job's template cannot change, so each release has Jobs of its own, and the same release runs none twice."""
    jobs = {o["metadata"]["name"] for o in cluster.get("jobs")}
    first = playbook("site.yml", platform_image_tag="1.0.0-next")
    assert first.returncode == 0, first.output
    assert shop.get("/health/ready/").json()["version"] == "1.0.0-next"
    started = {o["metadata"]["name"]: o["metadata"]["uid"] for o in cluster.get("jobs") if o["metadata"]["name"] not in jobs}
    assert {name.rsplit("-", 1)[0] for name in started} == {"migrate", "collectstatic"}

    again = playbook("site.yml", platform_image_tag="1.0.0-next")
    assert again.returncode == 0, again.output
    assert again.changed == 0, again.output
    assert started.items() <= {o["metadata"]["name"]: o["metadata"]["uid"] for o in cluster.get("jobs")}.items()

    back = playbook("site.yml")
    assert back.returncode == 0, back.output
    assert shop.get("/health/ready/").json()["version"] == "1.0.0"


def test_a_sick_replica_fails_validation_and_is_named(cluster: Any, playbook: Any) -> None:
    sick = cluster.pods("django")[1]["metadata"]["name"]
    host = cluster.host(sick, "django")
    # The workers stop, the master does not: the pod runs on, but answers nothing.
    stop = "for p in /proc/[0-9]*; do grep -q gunicorn $p/cmdline && [ ${p#/proc/} != 1 ] && kill -STOP ${p#/proc/}; done; true"
    assert host.run(stop).rc == 0
    try:
        run = playbook("playbooks/validate.yml", validate_timeout=10)
    finally:
        host.run("for p in /proc/[0-9]*; do grep -q gunicorn $p/cmdline && kill -CONT ${p#/proc/}; done; true")
    assert run.returncode != 0, run.output
    verdict = run.output.split("FAILED!")[-1]
    assert sick in verdict, run.output
    for pod in cluster.pods("django"):
        name = pod["metadata"]["name"]
        assert (name in verdict) == (name == sick), run.output


def test_a_missing_value_stops_before_the_first_write(cluster: Any, playbook: Any) -> None:
    before = cluster.resource_versions()
    run = playbook("site.yml", platform_image_tag="", platform_secrets={"POSTGRES_PASSWORD": "marker-7f3a"})
    assert run.returncode != 0
    assert "platform_image_tag is not set" in run.output, run.output
    assert "platform_secrets.DJANGO_SECRET_KEY is missing" in run.output, run.output
    assert "inventories/kind/group_vars/all/secrets.yml" in run.output, run.output
    assert "marker-7f3a" not in run.output
    assert "Traceback" not in run.output
    assert cluster.resource_versions() == before


def test_the_wrong_cluster_is_refused(playbook: Any) -> None:
    run = playbook("site.yml", platform_cluster_uid="00000000-0000-0000-0000-000000000000")
    assert run.returncode != 0
    assert "platform_cluster_uid is" in run.output, run.output
