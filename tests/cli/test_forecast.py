"""``voltran forecast``: trains, continues, compares; one clear message for what users can act on."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from voltran.cli.app import app

TINY = [
    part
    for setting in (
        *("data.sites=4", "data.days=3", "data.training_days=2", "data.period_h=1.0", "window=4", "hidden=3"),
        *("rounds=2", "local_epochs=1", "fine_tuning_epochs=1", "clients_per_round=2"),
    )
    for part in ("--set", setting)
]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["forecast", *arguments], env={"COLUMNS": "140"})


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("forecast") / "run"
    result = run("train", "sharing", "--out", str(out), *TINY)
    assert result.exit_code == 0, result.output
    return out


def test_train_leaves_a_forecaster_and_resumes_on_request(trained: Path) -> None:
    assert {path.name for path in trained.iterdir()} == {
        "forecaster.safetensors",
        "checkpoint.safetensors",
        "config.yaml",
    }
    again = run("train", "sharing", "--out", str(trained), *TINY)
    assert again.exit_code == 2
    assert "--resume" in again.stderr
    before = (trained / "forecaster.safetensors").read_bytes()
    assert run("train", "sharing", "--out", str(trained), "--resume", *TINY).exit_code == 0
    assert (trained / "forecaster.safetensors").read_bytes() == before
    assert run("train", str(trained / "config.yaml"), "--out", str(trained), "--resume").exit_code == 0


def test_evaluate_shows_rules_beside(trained: Path) -> None:
    result = run("evaluate", str(trained / "forecaster.safetensors"), "local-only", "--tuned", *TINY)
    assert result.exit_code == 0, result.output
    for name in ("then alone", "local-only", "persistence", "daily-naive", "96 forecasts at 4 sites"):
        assert name in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["train", "none"], "unknown forecasting configuration 'none'"),
        (["train", "sharing", "--set", "windows=3"], "did you mean 'window'"),
        (["train", "sharing", "--resume", *TINY], "nothing to resume"),
        (["train", "lte", "--data", "nowhere"], "data.folder = 'nowhere': has no CSV files"),
        (["evaluate", "gone.safetensors"], "no such file"),
        (["evaluate", "zoo:unicorn"], "forecaster zoo:unicorn is unknown"),
    ],
)
def test_bad_input_is_one_message(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_a_forecaster_for_another_window_is_refused(trained: Path) -> None:
    result = run("evaluate", str(trained / "forecaster.safetensors"), *TINY, "--set", "window=5")
    assert result.exit_code == 2
    assert "window is 4, but 5 is asked for; set window=4, or train one for 5" in result.stderr
