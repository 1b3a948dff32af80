"""Controllers as users write them."""

import hashlib
import pickle
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.fake_outage import FakeController
from voltran import baselines
from voltran.agents import policy, zoo
from voltran.envs.controller import name_of
from voltran.envs.errors import FileFormatError, ScenarioError
from voltran.envs.team import Team
from voltran.evaluation.controller_spec import parse_controllers
from voltran.evaluation.evaluation import Evaluation


@pytest.fixture(autouse=True)
def fake_controllers(fake_voltran: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(path: str, **options: Any) -> FakeController:
        return FakeController(Path(path).stem, options.get("seed", 1))

    monkeypatch.setattr(policy, "load_policy", load)


def test_names_options_and_policies_in_the_order_given(tmp_path: Path) -> None:
    path = tmp_path / "best.safetensors"
    path.write_bytes(b"weights")
    specs = parse_controllers(f"idle, busy:code=3,{path},{path}:seed=2")
    assert [spec.label for spec in specs] == ["idle", "busy:code=3", "best", "best:seed=2"]
    built = [spec.builder() for spec in specs]
    assert [getattr(controller, "code", None) for controller in built] == [0, 3, 1, 2]
    assert specs[1].identity == {"name": "busy", "options": {"code": 3}}
    assert specs[2].identity == {"policy": hashlib.sha256(b"weights").hexdigest(), "options": {}}


def test_shipped_policies_are_named_by_the_zoo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "blackout.safetensors"
    path.write_bytes(b"weights")
    monkeypatch.setattr(zoo, "policy_path", lambda name: {"blackout": path}[name])
    specs = parse_controllers("zoo:blackout,zoo:blackout:seed=2,idle")
    assert [spec.label for spec in specs] == ["blackout", "blackout:seed=2", "idle"]
    assert [getattr(spec.builder(), "code", None) for spec in specs] == [1, 2, 0]
    assert specs[0].identity == {"policy": hashlib.sha256(b"weights").hexdigest(), "options": {}}


def test_options_may_be_words(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, Any]] = []

    def make(name: str, **options: Any) -> FakeController:
        given.append(options)
        return FakeController(name, 0)

    monkeypatch.setattr(baselines, "make", make)
    specs = parse_controllers("busy:certify=2%:share=0.5:code=3,busy:certify=off,busy:certify=ON,busy:exact=true")
    assert given == [{"certify": "2%", "share": 0.5, "code": 3}, {"certify": "off"}, {"certify": "ON"}, {"exact": True}]
    assert [spec.label for spec in specs][:2] == ["busy:certify=2%:share=0.5:code=3", "busy:certify=off"]
    assert [spec.identity["options"] for spec in specs] == given


def test_what_reaches_a_worker_is_picklable() -> None:
    (spec,) = parse_controllers("busy:code=3")
    assert pickle.loads(pickle.dumps(spec)).builder().act.__self__.code == 3


@pytest.mark.parametrize(
    ("files", "labels"),
    [
        (("a/policy", "b/policy"), ("a", "b")),
        (("a/best", "b/best"), (None, None)),
        (("a/best", "a/last"), ("best", "last")),
    ],
)
def test_policies_are_labelled_by_file_folder_or_path(
    tmp_path: Path, files: tuple[str, ...], labels: tuple[str | None, ...]
) -> None:
    paths = [tmp_path / f"{name}.safetensors" for name in files]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"weights")
    found = [spec.label for spec in parse_controllers(",".join(map(str, paths)))]
    assert found == [label or str(path) for label, path in zip(labels, paths, strict=True)]


def test_a_team_has_a_controller_for_each_role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x" / "retailer" / "policy.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"weights")
    monkeypatch.setattr(zoo, "policy_path", lambda name: {"market": path}[name])
    specs = parse_controllers(f"bs=busy:code=3+retailer={path}:seed=2, busy, bs=idle+retailer=zoo:market")
    assert [spec.label for spec in specs] == ["bs=busy:code=3+retailer=x:seed=2", "busy", "bs=idle+retailer=x"]
    team = specs[0].builder()
    assert isinstance(team, Team)
    assert team.name == specs[0].label
    assert {role: getattr(member, "code", None) for role, member in team.members.items()} == {"bs": 3, "retailer": 2}
    digest = hashlib.sha256(b"weights").hexdigest()
    assert specs[0].identity == {
        "team": {
            "bs": {"name": "busy", "options": {"code": 3}},
            "retailer": {"policy": digest, "options": {"seed": 2}},
        }
    }
    assert pickle.loads(pickle.dumps(specs[0])).builder().name == team.name


def test_policies_of_different_runs_keep_teams_apart(tmp_path: Path) -> None:
    paths = [tmp_path / name / "run" / "bs" / "policy.safetensors" for name in ("a", "b")]
    for path in paths:
        path.parent.mkdir(parents=True)
        path.write_bytes(b"weights")
    first, second = parse_controllers(",".join(f"bs={path}" for path in paths))
    assert (first.label, second.label) == (f"bs={paths[0]}", f"bs={paths[1]}")


def test_plus_signs_inside_numbers_and_paths_do_not_part_members(tmp_path: Path) -> None:
    path = tmp_path / "a+b" / "best.safetensors"
    path.parent.mkdir()
    path.write_bytes(b"weights")
    team = parse_controllers(f"bs={path}+retailer=busy:code=1e+0")[0].builder()
    assert isinstance(team, Team)
    assert [name_of(member) for member in team.members.values()] == ["best", "busy"]
    assert parse_controllers(str(path))[0].label == "best"


def test_the_code_of_every_member_counts() -> None:
    single, team = parse_controllers("busy,bs=idle+retailer=busy")
    assert single.classes == {FakeController}
    assert team.classes == {Team, FakeController}


def test_teams_are_evaluated_like_other_controllers(scenario: str, tmp_path: Path) -> None:
    specs = parse_controllers("busy,bs=busy,bs=busy+retailer=idle")  # a role that the world lacks is not asked
    results = Evaluation(scenario, specs, [1, 2]).run(out=tmp_path / "out").controllers
    survival = [found.metrics["survival_h"].values for found in results.values()]
    assert survival[0] == survival[1] == survival[2]
    assert len(list((tmp_path / "out" / "episodes").glob("*.json"))) == 6


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "none named"),
        (" , ", "none named"),
        ("idle,nobody", "unknown controller 'nobody'; known: idle, busy"),
        ("busy:speed=3", "unknown option 'speed'"),
        ("busy:code", "not of the form key=value"),
        ("idle,busy,idle", "'idle' is named more than once"),
        ("zoo:unicorn", "policy zoo:unicorn is unknown"),
        ("zoo:blackout:zzz=1", r"'zoo:blackout': unknown key 'zzz' \(known keys: name, deterministic, seed\)"),
        ("zoo:blackout:deterministic=maybe", "deterministic = 'maybe': write true or false"),
        ("zoo:blackout:deterministic=1", "deterministic = 1: write true or false"),
        ("zoo:blackout:seed=-1", "seed = -1: .*greater than or equal to 0"),
        ("zoo:blackout:seed=1.5", "seed = 1.5: .*valid integer"),
        ("zoo:blackout:seed=true", "seed = True: true is no number"),
        ("bs=idle+retailer=nobody", "unknown controller 'nobody'; known: idle, busy"),
        ("bs=idle+bs=busy", r"team 'bs=idle\+bs=busy': role bs has two controllers; name one per role"),
        ("busy+retailer=idle", r"team .*: 'busy' is not ROLE=CONTROLLER; write for example bs=msrc\+retailer=dpa"),
        ("bs=+retailer=idle", "'bs=' is not ROLE=CONTROLLER"),
        ("bs=idle+retailer=busy,bs=idle+retailer=busy", "is named more than once"),
    ],
)
def test_bad_lists_are_refused(text: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        parse_controllers(text)


def test_a_missing_policy_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"gone\.safetensors: cannot be read.*voltran train"):
        parse_controllers(str(tmp_path / "gone.safetensors"))
    with pytest.raises(FileFormatError, match=r"is a folder; name the \.safetensors file"):
        parse_controllers(str(tmp_path))


@pytest.mark.parametrize("team", ["", "bs="])
@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("model.zip", "if Stable-Baselines3 saved it and you trust whoever did, write sb3:model.zip"),
        ("runs/a/MODEL.ZIP", "write sb3:runs/a/MODEL.ZIP"),
        ("runs/actor.pt", "write torch:module:attribute, which names a function or a network that has loaded it"),
        ("actor.pth", "write torch:module:attribute"),
        ("actor.ckpt", "write torch:module:attribute"),
        ("actor.onnx", "write torch:module:attribute"),
    ],
)
def test_models_of_other_libraries_are_told_their_prefix(team: str, written: str, remedy: str) -> None:
    with pytest.raises(FileFormatError, match=rf"policy {written}: a \.\w+ file is no policy .*{remedy}"):
        parse_controllers(team + written)


def test_a_model_that_is_not_there_is_told_how_such_files_end(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"cannot be read .*model\.save wrote ends in \.zip"):
        parse_controllers(f"sb3:{tmp_path / 'model'}")
