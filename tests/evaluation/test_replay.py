"""The replay of an evaluation: recorded while it plays, kept beside its episodes, and changing nothing."""

import json
import shutil
import webbrowser
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.evaluation.fake_outage import FAKE, CountingController, FakeController, idle_and_busy, spec
from tests.evaluation.test_evaluation import repeatable
from tests.replay.recorded import recording
from voltran.cli.app import app
from voltran.envs import registry
from voltran.envs.errors import FileFormatError, PartError, ScenarioError
from voltran.envs.replay.plain import PlainReplay
from voltran.envs.replay.stage import Moment
from voltran.evaluation.controller_spec import ControllerSpec
from voltran.evaluation.episode_key import EpisodeKey
from voltran.evaluation.evaluation import Evaluation, evaluate
from voltran.evaluation.replay.document import Recording, recording_bytes, recording_of
from voltran.evaluation.replay.packing import unpacked
from voltran.evaluation.replay.pages import write_replay
from voltran.evaluation.results import Results, read_results
from voltran.evaluation.setting import Setting
from voltran.evaluation.task_runner import EvaluationError


@pytest.fixture(autouse=True)
def cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tell episodes apart by their settings and controllers alone; no code changes here."""

    def key(setting: Setting, spec: ControllerSpec, travels: bool = False) -> EpisodeKey:
        return EpisodeKey({"setting": setting.content, "controller": spec.identity})

    monkeypatch.setattr("voltran.evaluation.evaluation.episode_key", key)


def played(
    scenario: str, out: Path, seeds: Sequence[int] = (1, 2), replay_seed: int | None = 1, who: Any = None, **run: Any
) -> Results:
    evaluation = Evaluation(scenario, who or idle_and_busy(), seeds, replay_seed=replay_seed)
    return evaluation.run(out=out, **run)


def recorded(results: Results, out: Path, label: str = "idle") -> Recording:
    name = results.controllers[label].recording
    assert name is not None
    return recording_of((out / name).read_bytes())


def counting(log: Path) -> list[ControllerSpec]:
    return [spec("idle", CountingController, 0, log=log)]


def counted(log: Path) -> list[str]:
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def test_recording_changes_no_number_and_no_stored_episode(scenario: str, tmp_path: Path) -> None:
    with_it = played(scenario, tmp_path / "with")
    without = played(scenario, tmp_path / "without", replay_seed=None)
    assert with_it.replay_seed == 1
    seen, unseen = repeatable(with_it), repeatable(without)
    for data in (seen, unseen):
        del data["replay_seed"]
        for controller in data["controllers"].values():
            del controller["recording"]
    assert seen == unseen
    names = [sorted(path.name for path in (tmp_path / name / "episodes").iterdir()) for name in ("with", "without")]
    assert [name for name in names[0] if not name.endswith(".replay")] == names[1]
    stored = [json.loads((tmp_path / "without" / "episodes" / name).read_text()) for name in names[1] if "json" in name]
    assert not any("recording" in episode for episode in stored)


def test_a_recording_says_what_was_played(scenario: str, tmp_path: Path) -> None:
    results = played(scenario, tmp_path / "out", replay_seed=2)
    recording = recorded(results, tmp_path / "out", "busy")
    assert (recording.label, recording.seed, recording.scenario) == ("busy", 2, scenario)
    assert [moment.time_h for moment in recording.moments[:3]] == [0.0, 0.25, 0.5]
    assert len(recording.moments) == 13  # the fake episode's twelve decisions, and its start
    shown = {kpi.key: kpi.value for kpi in recording.kpis}
    assert shown["service_hours"] == results.controllers["busy"].metrics["service_hours"].values[1]
    assert "decision_ms" not in shown


@pytest.mark.slow
def test_worker_processes_record_the_same(scenario: str, tmp_path: Path) -> None:
    contents = []
    for jobs in (1, 2):
        results = played(scenario, tmp_path / str(jobs), jobs=jobs)
        contents.append(
            [(tmp_path / str(jobs) / str(each.recording)).read_bytes() for each in results.controllers.values()]
        )
    assert contents[0] == contents[1]


def test_only_what_is_missing_is_played_again(scenario: str, tmp_path: Path) -> None:
    log, out = tmp_path / "log", tmp_path / "out"
    first = played(scenario, out, replay_seed=None, who=counting(log))
    assert counted(log) == ["idle 1", "idle 2"]
    later = played(scenario, out, who=counting(log), resume=True)
    assert counted(log)[2:] == ["idle 1"]  # for its recording
    # with their wall times: those that were stored
    assert later.controllers["idle"].metrics == first.controllers["idle"].metrics
    assert recorded(later, out).seed == 1
    other = played(scenario, out, replay_seed=2, who=counting(log), resume=True)
    assert counted(log)[3:] == ["idle 2"]
    assert recorded(other, out).seed == 2


def test_a_recording_that_is_missing_or_damaged_is_made_again(scenario: str, tmp_path: Path) -> None:
    log, out = tmp_path / "log", tmp_path / "out"
    path = out / str(played(scenario, out, who=counting(log)).controllers["idle"].recording)
    whole = path.read_bytes()
    path.unlink()
    played(scenario, out, who=counting(log), resume=True)
    assert (counted(log)[2:], path.read_bytes()) == (["idle 1"], whole)
    path.write_bytes(whole[:300])
    with pytest.warns(UserWarning, match=r"\.replay: sha256 = .* is kept as .*\.replay\.refused"):
        played(scenario, out, who=counting(log), resume=True)
    assert (counted(log)[3:], path.read_bytes()) == (["idle 1"], whole)


def test_a_recording_of_another_version_is_made_again_quietly(
    scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, out = tmp_path / "log", tmp_path / "out"
    with monkeypatch.context() as earlier:
        earlier.setattr("voltran.evaluation.replay.packing._FIRST_LINE", b"voltran-replay-0\n")
        results = played(scenario, out, who=counting(log))
    with pytest.raises(
        FileFormatError, match=r"format = 'voltran-replay-0', this version reads 'voltran-replay-1'.*--resume"
    ):
        write_replay(results, out)
    assert not (out / "replay.html").exists()
    write_replay(played(scenario, out, who=counting(log), resume=True), out)
    assert counted(log)[2:] == ["idle 1"]


class Forgetful(CountingController):
    """Plays otherwise each time, and nobody can tell why."""

    def act(self, world: Any) -> Any:
        acted = super().act(world)
        self.code = int(len(counted(self.log)) > 2)
        return acted


def test_an_episode_that_comes_out_otherwise_is_told_and_what_is_stored_stays(scenario: str, tmp_path: Path) -> None:
    log, out = tmp_path / "log", tmp_path / "out"
    who = [spec("forgets", Forgetful, 0, log=log)]
    first = played(scenario, out, replay_seed=None, who=who)
    with pytest.warns(
        UserWarning, match=r"forgets, seed 1: it has no replay: .*kpis\.\w+ = .*, expected .*limit of time"
    ):
        later = played(scenario, out, who=who, resume=True)
    assert later.controllers["forgets"].metrics == first.controllers["forgets"].metrics
    assert later.controllers["forgets"].recording is None
    assert write_replay(later, out) is None


def test_four_are_shown_and_those_left_out_are_named(
    scenario: str, tmp_path: Path, fake_voltran: None, no_pictures: None
) -> None:
    who = ",".join(["idle", *(f"busy:code={code}" for code in (1, 2, 3)), "busy", "idle:code=1"])
    result = run(
        "evaluate",
        "--scenario",
        scenario,
        "--controllers",
        who,
        "--seeds",
        "1",
        "--jobs",
        "1",
        "--out",
        str(tmp_path / "out"),
    )
    assert result.exit_code == 0, result.output
    assert "without busy, idle:code=1)" in " ".join(result.stdout.split())
    results = read_results(tmp_path / "out" / "results.json")
    assert [label for label, each in results.controllers.items() if each.recording] == [
        "idle", "busy:code=1", "busy:code=2", "busy:code=3",
    ]  # fmt: skip


def test_who_does_not_play_the_seed_is_not_among_the_four(scenario: str, tmp_path: Path) -> None:
    who = [spec(str(code), FakeController, code) for code in (0, 1, 2, 3, 1)]
    labelled = [replace(each, label=f"{place}") for place, each in enumerate(who)]
    evaluation = Evaluation(scenario, labelled, [1, 2], first_only={"1": 1}, replay_seed=2)
    assert evaluation.recorded == ["0", "2", "3", "4"]


def test_a_seed_beyond_what_browsers_count_is_shown_as_it_is() -> None:
    content = recording_bytes(recording(seed=2**100 + 1))
    assert recording_of(content).seed == 2**100 + 1
    assert unpacked(content, "recording")[0]["recordings"][0]["seed"] == str(2**100 + 1)


def test_names_with_markup_are_inert(scenario: str, tmp_path: Path) -> None:
    name = "<script>alert(1)</script>"
    out = tmp_path / "out"
    results = evaluate(scenario, [spec(name, FakeController, 0)], [1], out=out)
    assert "<script>alert(1)" not in (out / "replay.html").read_text(encoding="utf-8")
    assert recorded(results, out, name).label == name


def test_an_episode_of_one_step_has_a_start_and_an_end(scenario: str, tmp_path: Path) -> None:
    results = evaluate(scenario, idle_and_busy(), [1], overrides={"max_decisions": 1}, out=tmp_path / "out")
    assert len(recorded(results, tmp_path / "out").moments) == 2
    assert (tmp_path / "out" / "replay.html").is_file()


def test_a_shared_store_serves_evaluations_under_their_own_names(scenario: str, tmp_path: Path) -> None:
    log, store = tmp_path / "log", tmp_path / "store"
    played(scenario, tmp_path / "one", who=counting(log), store=store)
    results = played(scenario, tmp_path / "two", who=counting(log), store=store)
    assert len(counted(log)) == 2
    assert write_replay(results, tmp_path / "two") == tmp_path / "two" / "replay.html"


@pytest.mark.parametrize(("seeds", "replay_seed"), [([1, 2], 3), ([1, 2], -1)])
def test_a_seed_that_nobody_plays_is_refused(scenario: str, seeds: list[int], replay_seed: int) -> None:
    with pytest.raises(ScenarioError, match=rf"replay_seed = {replay_seed}: nobody plays it; choose one of .*\[1, 2\]"):
        Evaluation(scenario, idle_and_busy(), seeds, replay_seed=replay_seed)


def test_a_replay_needs_a_folder(scenario: str) -> None:
    with pytest.raises(ScenarioError, match="replay_seed = 1: give a folder, out"):
        evaluate(scenario, idle_and_busy(), [1], replay_seed=1)
    assert evaluate(scenario, idle_and_busy(), [1]).replay_seed is None


class Broken(PlainReplay):
    def moment(self, transition: Any = None) -> Moment:
        raise KeyError("soc")


def test_a_replay_that_fails_names_the_world_and_the_way_out(
    scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.evaluation.fake_outage.FAKE", replace(FAKE, replay=Broken))
    monkeypatch.setitem(registry._SPECS, FAKE.name, replace(FAKE, replay=Broken))
    with pytest.raises(EvaluationError, match=r"replay of fake_v0: KeyError: 'soc'; correct it, or .*--no-replay"):
        played(scenario, tmp_path / "out")
    assert played(scenario, tmp_path / "out", replay_seed=None, resume=True).controllers["idle"].n == 2
    assert issubclass(PartError, ValueError)


# --- the command line -------------------------------------------------------------------------------------------------


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An evaluation with its replay, not to be touched."""
    folder = tmp_path_factory.mktemp("finished")
    (folder / "fake.yaml").write_text("world: tests.evaluation.fake_outage:FAKE\nname: fake\n", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(registry._SPECS, FAKE.name, FAKE)
        evaluate(folder / "fake.yaml", idle_and_busy(), [1, 2], out=folder / "out")
    return folder / "out"


@pytest.fixture
def out(finished: Path, tmp_path: Path) -> Path:
    """The same, to be spoilt."""
    return Path(shutil.copytree(finished, tmp_path / "out"))


def test_the_page_can_be_written_again_from_what_is_stored(out: Path, tmp_path: Path) -> None:
    page = (out / "replay.html").read_bytes()
    (out / "replay.html").unlink()
    assert run("replay", str(out)).exit_code == 0
    assert (out / "replay.html").read_bytes() == page
    result = run("replay", str(out), "--to", str(tmp_path / "elsewhere" / "mine.html"))
    assert (tmp_path / "elsewhere" / "mine.html").read_bytes() == page
    assert "mine.html (seed 1)" in result.stdout


def test_the_command_records_another_seed_or_none(
    scenario: str, tmp_path: Path, fake_voltran: None, no_pictures: None
) -> None:
    basic = ["evaluate", "--scenario", scenario, "--controllers", "idle", "--seeds", "2", "--jobs", "1"]
    second = run(*basic, "--out", str(tmp_path / "b"), "--replay-seed", "1001")
    assert "(seed 1001)" in second.stdout
    third = run(*basic, "--out", str(tmp_path / "c"), "--no-replay")
    assert (third.exit_code, (tmp_path / "c" / "replay.html").exists()) == (0, False)
    for more, message in (
        (["--replay-seed", "7"], "replay_seed = 7: nobody plays it"),
        (["--replay-seed", "1001", "--no-replay"], "leave one of them out"),
    ):
        wrong = run(*basic, "--out", str(tmp_path / "d"), *more)
        assert (wrong.exit_code, (tmp_path / "d").exists()) == (2, False)
        assert message in wrong.stderr


def _of_nobody(out: Path) -> None:
    results = read_results(out / "results.json")
    controllers = {label: each.model_copy(update={"recording": None}) for label, each in results.controllers.items()}
    earlier = results.model_copy(update={"controllers": controllers, "replay_seed": None})
    (out / "results.json").write_text(earlier.model_dump_json())


def _recording(out: Path, label: str = "idle") -> Path:
    return out / str(read_results(out / "results.json").controllers[label].recording)


def _foreign(out: Path) -> None:
    results = read_results(out / "results.json")
    (out / "results.json").write_text(results.model_copy(update={"replay_seed": 2}).model_dump_json())


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_of_nobody, "nothing was recorded of this evaluation; run voltran evaluate again with the same options"),
        (lambda out: _recording(out).unlink(), "cannot be read (No such file or directory); run voltran evaluate"),
        (lambda out: _recording(out).write_bytes(_recording(out).read_bytes()[:300]), "cut or damaged (its end"),
        (lambda out: _recording(out).write_bytes(b"<html>"), "not a recording of an episode"),
        (_foreign, "seed = 1, expected 2"),
        (lambda out: (out / "results.json").unlink(), "cannot be read (No such file or directory); check the path"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_told_and_the_earlier_page_stays(out: Path, spoil: Any, message: str) -> None:
    page = (out / "replay.html").read_bytes()
    spoil(out)
    result = run("replay", str(out))
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert (out / "replay.html").read_bytes() == page


def test_a_page_that_cannot_be_written_is_told(out: Path) -> None:
    (out / "replay.html").unlink()
    (out / "replay.html").mkdir()
    result = run("replay", str(out))
    assert result.exit_code == 2
    assert "replay.html: cannot be written" in result.stderr


def test_without_a_display_the_page_is_written_and_the_message_says_where(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    (out / "replay.html").unlink()
    result = run("replay", str(out), "--open")
    assert result.exit_code == 2
    assert "this machine has no display; open" in result.stderr
    assert (out / "replay.html").is_file()


@pytest.mark.parametrize(("opens", "code"), [(True, 0), (False, 2)])
def test_a_browser_is_asked_for_the_page(out: Path, monkeypatch: pytest.MonkeyPatch, opens: bool, code: int) -> None:
    asked: list[str] = []
    monkeypatch.setenv("DISPLAY", ":0")

    def show(url: str) -> bool:
        asked.append(url)
        return opens

    monkeypatch.setattr(webbrowser, "open", show)
    assert run("replay", str(out), "--open").exit_code == code
    assert asked == [(out / "replay.html").resolve().as_uri()]


@pytest.mark.slow
def test_a_day_of_nineteen_sites_and_four_controllers_is_below_five_megabytes(tmp_path: Path) -> None:
    who = ["independent", "static", "carrier-shutdown", "rotating-sleep"]
    results = evaluate("urban19-medium", who, [1], overrides={"users.speed_m_per_s": 1.0}, out=tmp_path / "out")
    assert all(each.recording for each in results.controllers.values())
    assert len(recorded(results, tmp_path / "out", "static").moments) == 97
    assert (tmp_path / "out" / "replay.html").stat().st_size < 5_000_000
