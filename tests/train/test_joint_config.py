"""Configurations of runs in which several roles learn: what is refused, and what reaches the worlds."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.train.joint_runs import CONFIG, LEAGUE, single_config, worlds_of
from voltran.envs.errors import ScenarioError
from voltran.envs.world import World
from voltran.train import ppo, training_worlds
from voltran.train.ppo import Run
from voltran.train.run_config import read_run_config

pytestmark = pytest.mark.usefixtures("joint_worlds")


def test_the_configuration_of_a_run_can_be_used_again(joint_config: Path, tmp_path: Path) -> None:
    run = ppo.train(joint_config, {"total_decisions": 1, "league": LEAGUE}, tmp_path / "run")
    again = read_run_config(run / "config.yaml", {})
    assert again == read_run_config(joint_config, {"total_decisions": 1, "league": LEAGUE})


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"roles.operator": {}}, "role = 'operator': world fake_v0 has no such role; its roles: bs, retailer"),
        ({"opponents.operator": "cheap"}, "role = 'operator': world fake_v0 has no such role"),
        ({"opponents.retailer": "cheap"}, "role retailer learns and is played by an opponent; remove one of the two"),
        (
            {"roles": {"bs": {}}},
            r"role retailer of fake_v0: nobody plays it; .* \(opponents: \{retailer: CONTROLLER\}\)",
        ),
        ({"roles": {"bs": {}}, "opponents.retailer": "nobody"}, "opponents.retailer = 'nobody': unknown controller"),
        ({"roles": {"bs": {}}, "opponents.retailer": "cheap,dear"}, "names 2 controllers; name one"),
        ({"roles": {"bs": {}}, "opponents.retailer": "lamp"}, "lamp was asked to play role retailer, but it plays bs"),
        ({"roles": {}}, "roles = {}: .*at least 1"),
        ({"role": "bs"}, "role = 'bs' beside roles; name the roles that learn under roles only"),
        ({"roles.bs.gama": 0.5}, "roles.bs: unknown key 'gama'; a role may set reward, observe, n_worlds"),
        ({"roles.bs.gamma": 1.5}, "roles.bs: gamma = 1.5: .*less than or equal to 1"),
        ({"roles.bs.total_decisions": 5}, "roles.bs.total_decisions: all roles of a run share total_decisions"),
        ({"league": {"share": 2.0}}, "league.share = 2.0"),
        ({"league": {"share": 0.5, "sise": 3}}, r"unknown key 'league.sise'"),
    ],
)
def test_bad_configurations_are_refused_before_anything_is_written(
    tmp_path: Path, overrides: dict[str, Any], message: str
) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({**CONFIG, "roles": {"bs": {}, "retailer": {}}}))
    with pytest.raises(ScenarioError, match=message):
        ppo.train(path, overrides, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_one_role_alone_needs_opponents_for_all_others(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="role retailer of fake_v0: nobody plays it"):
        ppo.train(single_config(tmp_path), {}, tmp_path / "run")
    with pytest.raises(ScenarioError, match="lamp was asked to play role retailer, but it plays bs"):
        ppo.train(single_config(tmp_path), {"opponents.retailer": "lamp"}, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_continuous_roles_cannot_learn(joint_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_worlds, "make_world", worlds_of("bs", "operator"))
    with pytest.raises(ScenarioError, match=r"role operator: .* is continuous; choose a role with discrete actions"):
        ppo.train(joint_config, {"roles": {"bs": {}, "operator": {}}}, tmp_path / "run")


def test_a_run_of_one_role_does_not_continue_one_of_several(joint_config: Path, tmp_path: Path) -> None:
    run = ppo.train(joint_config, {"total_decisions": 1}, tmp_path / "run")
    single = single_config(tmp_path, total_decisions=288)
    with pytest.raises(ScenarioError, match=r"role = 'bs': .*checkpoint\.pt was trained with None"):
        ppo.train(single, {"opponents": {"retailer": "cheap"}}, run, resume=True)


def test_resuming_with_other_settings_of_a_role_is_refused(joint_config: Path, tmp_path: Path) -> None:
    run = ppo.train(joint_config, {"total_decisions": 1}, tmp_path / "run")
    with pytest.raises(ScenarioError, match=r"roles = .*checkpoint\.pt was trained with"):
        ppo.train(joint_config, {"roles.retailer.gamma": 0.7}, run, resume=True)


def test_worlds_get_only_the_options_that_the_configuration_has(
    joint_config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[tuple[int, dict[str, Any]]] = []
    make_world = worlds_of("bs", "retailer")

    def recorded(scenario: str, n_worlds: int, *arguments: Any, **options: Any) -> World:
        calls.append((n_worlds, options))
        return make_world(scenario, n_worlds, *arguments, **options)

    monkeypatch.setattr(training_worlds, "make_world", recorded)
    own = {"world_options": {"retailer_form": "ladder"}, "roles.retailer.reward": "team"}
    run = Run(read_run_config(joint_config, own), tmp_path)
    batches = [options for n_worlds, options in calls if n_worlds == CONFIG["n_worlds"]]
    assert batches == [{"retailer_form": "ladder"}, {"retailer_form": "ladder", "reward": "team"}]
    assert all(learner.metadata().world_options == {} for learner in run.learners.values())  # nothing depends on them
