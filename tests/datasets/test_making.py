"""What is written is what a plain loop over the parallel face sees, whatever the batch, workers and interruptions."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import voltran
from voltran import datasets
from voltran.baselines.rules import RotatingSleep
from voltran.datasets import making, shard_tasks
from voltran.envs.controller import ControllerBase
from voltran.envs.errors import ActionError, MissingExtraError, PartError, ScenarioError, VoltranError
from voltran.envs.seeds import EVALUATION_SEEDS, FIRST_DATASET_SEED, TRAINING_SEEDS
from voltran.evaluation.controller_objects import controller_specs

# episodes that end early, at different times
LOST: dict[str, Any] = {"battery.initial_soc": 0.35}
SHORT: dict[str, Any] = {"time.horizon_h": 2}
# scenario, controller, overrides, options
WORLDS: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("urban7-medium", "rotating-sleep", LOST, {}),
    ("urban7-medium", "random", SHORT, {"action_form": "multi", "reward": "local"}),
    ("urban19-brownout-medium", "bs=rotating-sleep+retailer=cost-plus", SHORT, {"retailer_form": "box"}),
    ("market4", "bs=buy-all+retailer=random", SHORT, {}),
    ("market4", "random", SHORT, {"action_form": "box"}),
    ("sharing-toy", "tariff-threshold", {}, {}),
    ("uplink20", "random", {"time.horizon_h": 3}, {"action_form": "multi"}),
]


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*.parquet")}


@pytest.mark.parametrize(("scenario", "controller", "overrides", "options"), WORLDS)
def test_episodes_are_those_of_the_parallel_face(
    scenario: str, controller: str, overrides: dict[str, Any], options: dict[str, Any], tmp_path: Path
) -> None:
    datasets.make(scenario, controller, 3, tmp_path, overrides=overrides, options=options, worlds=2)
    env = voltran.make(scenario, overrides=overrides, **options)
    roles = env.world.roles
    data = datasets.read(tmp_path, world=env.world)
    assert data.roles == tuple(role.name for role in roles)
    for number, episode in enumerate(data.episodes()):
        assert episode.seed == FIRST_DATASET_SEED + number
        observations, _ = env.reset(seed=episode.seed)
        for decision in range(len(episode) + 1):
            masks, state = env.action_masks(), env.state()
            assert np.array_equal(episode.state[decision], state)
            for role in roles:
                part = episode.roles[role.name]
                for index, agent in enumerate(role.agent_ids):
                    assert np.array_equal(part.observations[decision, index], observations[agent])
                    if part.masks is not None:
                        assert np.array_equal(part.masks[decision, index], masks[agent])
            if decision == len(episode):
                break
            actions = {
                agent: episode.roles[role.name].actions[decision, index]
                for role in roles
                for index, agent in enumerate(role.agent_ids)
            }
            observations, rewards, terminations, truncations, infos = env.step(actions)
            for role in roles:
                part = episode.roles[role.name]
                for index, agent in enumerate(role.agent_ids):
                    assert part.rewards[decision, index] == rewards[agent]
                    for key, values in part.infos.items():
                        np.testing.assert_equal(values[decision, index], infos[agent][key])
                    for key, values in episode.infos.items():
                        np.testing.assert_equal(values[decision], infos[agent][key])
            last = decision == len(episode) - 1
            assert terminations == dict.fromkeys(terminations, last and episode.terminated)
            assert truncations == dict.fromkeys(truncations, last and episode.truncated)
        assert not env.agents
        assert episode.terminated != episode.truncated


def test_actions_of_a_controller_are_what_it_chose(tmp_path: Path) -> None:
    datasets.make("urban7-medium", "random:seed=3", 1, tmp_path, overrides=SHORT)
    (episode,) = datasets.read(tmp_path).episodes()
    world, player = voltran.make_world("urban7-medium", overrides=SHORT), voltran.make_controller("random:seed=3")
    world.reset([episode.seed])
    player.reset(world)
    for codes in episode.roles["bs"].actions:
        chosen = player.act(world)
        assert np.array_equal(chosen["bs"][0], codes)
        world.step(chosen)


def test_the_batch_decides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard_tasks, "MOST_EPISODES", 4)
    for worlds in (1, 3):
        made = datasets.make(
            "urban7-medium", ["rotating-sleep", Waiting], 5, tmp_path / str(worlds), worlds=worlds, overrides=LOST
        )
        assert any(len(set(shard.decisions)) > 1 for shard in made.shards), "episodes are to end at different times"
    first = files(tmp_path / "1")
    assert len(first) == 4
    assert files(tmp_path / "3") == first


class Waiting(ControllerBase):
    """Counts decisions since its reset, so that it may not miss one."""

    def reset(self, world: Any) -> None:
        self.count = 0

    def act(self, world: Any) -> dict[str, Any]:
        self.count += 1
        masks = world.action_masks()["bs"]
        return {"bs": np.where(self.count % 2, masks.argmax(axis=-1), 15 - masks[..., ::-1].argmax(axis=-1))}


@pytest.mark.slow
def test_workers_write_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [datasets.make("toy3", "rotating-sleep,random", 200, tmp_path / str(jobs), jobs=jobs) for jobs in (1, 2)]
    assert files(tmp_path / "1") == files(tmp_path / "2")
    assert len(made[0].shards) == 4
    assert made[0] == made[1]


def test_an_interrupted_data_set_goes_on_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard_tasks, "MOST_EPISODES", 2)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    datasets.make("toy3", "rotating-sleep", 6, whole)
    play, played = shard_tasks.play_shard, list[str]()

    def interrupted(task: Any) -> Any:
        if len(played) == 2:
            raise KeyboardInterrupt
        played.append(task.file)
        return play(task)

    monkeypatch.setattr(making, "play_shard", interrupted)
    with pytest.raises(KeyboardInterrupt):
        datasets.make("toy3", "rotating-sleep", 6, broken)
    with pytest.raises(VoltranError, match=r"not finished, only 2 shards.*--resume"):
        datasets.read(broken)
    (broken / played[0]).write_bytes(b"damaged")
    again: list[str] = []

    def watched(task: Any) -> Any:
        again.append(task.file)
        return play(task)

    monkeypatch.setattr(making, "play_shard", watched)
    datasets.make("toy3", "rotating-sleep", 6, broken, resume=True)
    assert played[0] in again
    assert played[1] not in again
    assert len(again) == 2
    assert files(broken) == files(whole)
    assert json.loads((broken / "datasheet.json").read_text()) == json.loads((whole / "datasheet.json").read_text())


def test_more_episodes_can_be_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard_tasks, "MOST_EPISODES", 2)
    datasets.make("toy3", "rotating-sleep", 2, tmp_path / "grown")
    datasets.make("toy3", "rotating-sleep", 5, tmp_path / "grown", resume=True)
    datasets.make("toy3", "rotating-sleep", 5, tmp_path / "whole")
    assert files(tmp_path / "grown") == files(tmp_path / "whole")


def test_a_resumed_data_set_must_be_the_same(tmp_path: Path) -> None:
    datasets.make("toy3", "rotating-sleep", 2, tmp_path)
    with pytest.raises(VoltranError, match="not empty"):
        datasets.make("toy3", "rotating-sleep", 2, tmp_path)
    for changed in (
        {"overrides": {"reward.service": 0.4}},
        {"first_seed": FIRST_DATASET_SEED + 1},
        {"options": {"reward": "local"}},
    ):
        with pytest.raises(VoltranError, match=r"holds another data set: .* expected"):
            datasets.make("toy3", "rotating-sleep", 2, tmp_path, resume=True, **changed)
    with pytest.raises(VoltranError, match="holds another data set: random"):
        datasets.make("toy3", "random", 2, tmp_path, resume=True)


def test_the_datasheet_says_what_is_there(tmp_path: Path) -> None:
    sheet = datasets.make(
        "urban19-brownout-medium", "bs=rotating-sleep+retailer=random", 2, tmp_path, roles=["retailer"],
        overrides=SHORT, license="CC-BY-4.0",
    )  # fmt: skip
    assert sheet.complete
    assert sheet.license == "CC-BY-4.0"
    assert sheet.world == "brownout_v0"
    assert sheet.scenario_content["time"]["horizon_h"] == 2
    (record,) = sheet.controllers.values()
    assert (record.episodes, record.decisions, record.gives_commands) == (2, 16, ["bs"])
    assert list(sheet.roles) == ["retailer"] == list(record.returns)
    entries = [entry for field in sheet.roles["retailer"].fields for entry in field.entries]
    assert sorted(entries) == list(range(sheet.roles["retailer"].observation_size))
    data = datasets.read(tmp_path)
    returns = [episode.roles["retailer"].rewards.sum(axis=0).mean() for episode in data.episodes()]
    assert record.returns["retailer"].mean == pytest.approx(np.mean(returns))
    assert not any(column.name.startswith("bs.") for column in sheet.columns)


def test_fields_tell_the_entries_of_observations_apart(tmp_path: Path) -> None:
    sheet = datasets.make("urban7-medium", "rotating-sleep", 1, tmp_path, overrides=SHORT)
    fields = {field.name: field for field in sheet.roles["bs"].fields}
    world: Any = voltran.make_world("urban7-medium")
    (episode,) = datasets.read(tmp_path).episodes()
    world.reset([episode.seed])
    first = episode.roles["bs"].observations[0]
    np.testing.assert_allclose(first[:, fields["own.soc"].entries[0]], world.soc[0], rtol=1e-6)
    energy = fields["own.energy"]
    np.testing.assert_allclose(first[:, energy.entries[0]] * energy.scale, world.usable_kwh[0], rtol=1e-6)


def test_seeds_are_nobody_elses() -> None:
    assert FIRST_DATASET_SEED not in EVALUATION_SEEDS
    assert FIRST_DATASET_SEED not in TRAINING_SEEDS


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"controllers": "static"}, ActionError, "no action code stands for free commands.*rotating-sleep"),
        ({"controllers": []}, ScenarioError, "none named"),
        ({"controllers": ["random", "random"]}, ScenarioError, "more than once"),
        ({"controllers": "trimsm-eipc"}, ScenarioError, "plays uplink_v0"),
        ({"scenario": "toy4"}, ScenarioError, "unknown scenario 'toy4'"),
        ({"roles": ["retailer"]}, ScenarioError, "has no such role; its roles: bs"),
        ({"episodes": 0}, ScenarioError, "episodes = 0"),
        ({"worlds": 0}, ScenarioError, "worlds = 0"),
        ({"jobs": 0}, ScenarioError, "jobs = 0: at least one worker"),
        ({"first_seed": 1000}, ScenarioError, "0 to 999999 are kept for evaluation.*1000000"),
        ({"first_seed": 2**63 - 1}, ScenarioError, r"below 2\*\*63"),
        ({"options": {"reward": "nobody"}}, ScenarioError, "nobody"),
        ({"options": {"colour": "red"}}, ScenarioError, "no option 'colour'"),
    ],
)
def test_bad_input_is_said_before_anything_is_written(
    changed: dict[str, Any], error: type[VoltranError], message: str, tmp_path: Path
) -> None:
    wanted: dict[str, Any] = {"scenario": "toy3", "controllers": "random", "episodes": 2, "out": tmp_path / "out"}
    with pytest.raises(error, match=message):
        datasets.make(**{**wanted, **changed})
    assert not (tmp_path / "out").exists()


class Extended(RotatingSleep):
    """Needs another world."""

    name = "extended"
    world_options = {"action_set": "extended"}  # noqa: RUF012 - as users write it


def test_controllers_that_need_other_worlds_do_not_share_a_data_set(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="rotating-sleep and extended need different worlds: options"):
        datasets.make("toy3", ["rotating-sleep", Extended], 1, tmp_path)


class Tired(ControllerBase):
    """Gives up."""

    name = "tired"

    def act(self, world: Any) -> dict[str, Any]:
        if world.decision.max() > 2:
            raise RuntimeError("too tired")
        return {"bs": world.action_masks()["bs"].argmax(axis=-1)}


def test_a_controller_that_fails_is_named_and_the_others_are_kept(tmp_path: Path) -> None:
    with pytest.raises(VoltranError, match=r"controller tired, seeds .*PartError.*too tired.*--resume"):
        datasets.make("toy3", ["rotating-sleep", Tired], 2, tmp_path)
    sheet = json.loads((tmp_path / "datasheet.json").read_text())
    assert [shard["controller"] for shard in sheet["shards"]] == ["rotating-sleep"]
    assert not sheet["complete"]


class Broken(Tired):
    """Fails at once."""

    name = "broken"

    def reset(self, world: Any) -> None:
        raise RuntimeError("no")


def test_a_controller_that_fails_at_once_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(PartError, match="controller broken raised RuntimeError"):
        datasets.make("toy3", Broken, 2, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_without_pyarrow_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'voltran\[datasets\]'"):
        datasets.make("toy3", "random", 1, tmp_path)


def test_an_old_pyarrow_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import pyarrow

    monkeypatch.setattr(pyarrow, "__version__", "14.0.2")
    with pytest.raises(MissingExtraError, match=r"16.1 or newer, found 14.0.2"):
        datasets.make("toy3", "random", 1, tmp_path)


def test_controllers_whose_labels_make_one_name_have_shards_of_their_own(tmp_path: Path) -> None:
    [rule] = controller_specs("rotating-sleep")
    labels = ["a/b", "a b", "A/B", "../a"]
    datasets.make("toy3", [replace(rule, label=label) for label in labels], 1, tmp_path / "data", overrides=SHORT)
    shards = {path.name.casefold() for path in (tmp_path / "data").glob("*.parquet")}
    assert len(shards) == len(labels)
    assert {path.name for path in tmp_path.iterdir()} == {"data"}
    assert [episode.controller for episode in datasets.read(tmp_path / "data").episodes()] == labels
