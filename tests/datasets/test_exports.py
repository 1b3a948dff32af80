"""What other libraries read is what was recorded, and what their formats cannot hold is refused."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voltran import datasets
from voltran.datasets.exports import FORMATS, export
from voltran.envs.errors import FileFormatError, MissingExtraError, ScenarioError

SHORT: dict[str, Any] = {"time.horizon_h": 2}


@pytest.fixture(scope="module")
def brownout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("brownout")
    datasets.make("urban19-brownout-medium", "bs=rotating-sleep+retailer=random,random", 2, out, overrides=SHORT)
    return out


@pytest.mark.interop
def test_minari_gets_the_episodes_of_the_central_face(
    brownout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    minari = pytest.importorskip("minari")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path))
    where = export(brownout, "minari", "voltran/brownout/rules-v0", controllers=["random"])
    assert where.is_relative_to(tmp_path)
    made = minari.load_dataset("voltran/brownout/rules-v0")
    assert made.total_episodes == 2
    env: Any = made.recover_environment()
    recorded = list(datasets.read(brownout, controllers=["random"]).episodes())
    for episode, known in zip(made.iterate_episodes(), recorded, strict=True):
        state, _ = env.reset(seed=known.seed)
        for decision, action in enumerate(episode.actions):
            assert np.array_equal(episode.observations[decision], state)
            assert np.array_equal(episode.infos["action_mask"][decision], env.unwrapped.action_masks())
            state, reward, terminated, truncated, _ = env.step(action)
            assert episode.rewards[decision] == reward
            assert (episode.terminations[decision], episode.truncations[decision]) == (terminated, truncated)
        assert np.array_equal(episode.observations[-1], state)
    with pytest.raises(ScenarioError, match="Minari has a data set of that name"):
        export(brownout, "minari", "voltran/brownout/rules-v0")


@pytest.mark.interop
def test_minari_refuses_what_its_format_cannot_hold(
    brownout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("minari")
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "minari"))
    with pytest.raises(ScenarioError, match="the central face plays all of bs, retailer"):
        export(brownout, "minari", "voltran/part-v0", roles=["bs"])
    with pytest.raises(ScenarioError, match="write it like"):
        export(brownout, "minari", "no name!")
    datasets.make("market4", "random", 1, tmp_path / "box", overrides=SHORT, options={"action_form": "box"})
    with pytest.raises(ScenarioError, match="continuous actions do not fit"):
        export(tmp_path / "box", "minari", "voltran/box-v0")


@pytest.mark.interop
def test_a_vault_holds_the_transitions_of_a_role(brownout: Path, tmp_path: Path) -> None:
    vaults = pytest.importorskip("flashbax.vault")
    name = tmp_path / "vaults" / "brownout.vlt" / "rules"
    assert export(brownout, "vault", str(name), roles=["retailer"]) == name
    vault = vaults.Vault("brownout.vlt", rel_dir=str(tmp_path / "vaults"), vault_uid="rules")
    experience = vault.read().experience
    data = datasets.read(brownout, roles=["retailer"])
    whole = next(data.batches(len(data)))
    part = whole.roles["retailer"]
    for key, expected in (
        ("observations", part.observations),
        ("actions", part.actions),
        ("rewards", part.rewards.astype(np.float32)),
        ("truncations", np.repeat(whole.truncated[:, None], 3, axis=1)),
        ("terminals", np.zeros((len(data), 3), bool)),
    ):
        assert np.array_equal(experience[key], expected[None]), key
    assert np.array_equal(experience["infos"]["state"], whole.state[None])
    assert np.array_equal(experience["infos"]["legals"], part.masks[None])  # type: ignore[index]
    for wrong, message in (
        ({"name": str(name), "roles": ["retailer"]}, "is there already"),
        ({"name": "rules", "roles": ["retailer"]}, "write it like"),
        ({"name": str(name), "roles": []}, "a vault holds one role; choose one of bs, retailer"),
    ):
        with pytest.raises(ScenarioError, match=message):
            export(brownout, "vault", **wrong)  # type: ignore[arg-type]


def test_an_unknown_format_and_a_broken_data_set_are_refused(brownout: Path, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="format 'csv' is unknown; use one of minari, vault"):
        export(brownout, "csv", "name")
    with pytest.raises(FileFormatError, match=r"datasheet.json cannot be read"):
        export(tmp_path, "minari", "name")


@pytest.mark.parametrize(("to", "library"), [("minari", "minari"), ("vault", "flashbax")])
def test_a_missing_library_is_named(brownout: Path, to: str, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, FORMATS[to][0], raising=False)
    for name in [*sys.modules]:
        if name.partition(".")[0] == library:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Without(library), *sys.meta_path])
    with pytest.raises(MissingExtraError, match=rf"needs .*{library}.*pip install '{library}\["):
        export(brownout, to, "name")


class Without:
    """Hides a library."""

    def __init__(self, library: str) -> None:
        self.library = library

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name.partition(".")[0] in (self.library, "jax" if self.library == "flashbax" else self.library):
            raise ModuleNotFoundError(f"No module named {name!r}", name=self.library)
