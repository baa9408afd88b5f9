"""The command line, and the commands that it runs."""

from pathlib import Path

import pytest

from local_cluster import cli, process, steps
from local_cluster.errors import LocalClusterError


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["up", "--http-port", "http"], "'http' is not a port"),
        (["up", "--registry-port", "70000"], "'70000' is not a port"),
        (["down", "--name", "Shop/1"], "'Shop/1' is not a cluster name"),
        (["images", "--set", "none"], "invalid choice"),
        ([], "required"),
    ],
)
def test_invalid_input_gets_one_sentence(arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    assert stop.value.code == 2
    assert sentence in capsys.readouterr().err


def test_a_failed_command_shows_the_end_of_its_log(tmp_path: Path) -> None:
    with pytest.raises(LocalClusterError, match=r"ended with 3\.[\s\S]*the reason"):
        process.run(["sh", "-c", "echo the reason; exit 3"], log=tmp_path / "log")


def test_a_missing_command_is_reported(tmp_path: Path) -> None:
    with pytest.raises(LocalClusterError, match="no-such-program"):
        process.run(["no-such-program"], log=tmp_path / "log")
    with pytest.raises(LocalClusterError, match="no-such-program is not installed"):
        process.output(["no-such-program"])


def test_a_command_reads_its_input(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process.run(["cat"], log=log, text="given")
    assert log.read_text().endswith("given")


def test_a_long_command_shows_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(process, "_HEARTBEAT", 0.1)
    log = tmp_path / "log"
    process.run(["sh", "-c", "sleep 0.5; cat"], log=log, text="given")
    assert "... 0 s" in capsys.readouterr().out
    assert log.read_text().endswith("given")


def test_only_missing_results_are_created(capsys: pytest.CaptureFixture[str]) -> None:
    made: list[str] = []
    steps.run_steps(
        [
            steps.Step("first", lambda: True, lambda: made.append("first")),
            steps.Step("second", lambda: False, lambda: made.append("second")),
        ]
    )
    assert made == ["second"]
    assert capsys.readouterr().out.startswith("[1/2] first: exists\n[2/2] second ...\n[2/2] second: done")
