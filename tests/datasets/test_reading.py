"""Readers give every transition once, what follows it, and a clear word about files that are not what they were."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import voltran
from voltran import datasets
from voltran.datasets import shard_tasks
from voltran.envs.errors import FileFormatError, ScenarioError

EPISODES = 7


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shard_tasks, "MOST_EPISODES", 3)
        datasets.make("market4", "bs=buy-all+retailer=random,random", EPISODES, out, overrides={"time.horizon_h": 6})
    return out


def identity(seed: Any, decision: Any, controller: Any, agent: Any = 0) -> list[tuple[Any, ...]]:
    return list(zip(seed.tolist(), decision.tolist(), controller.tolist(), np.broadcast_to(agent, seed.shape).tolist(),
                    strict=True))  # fmt: skip


@pytest.mark.parametrize("seed", [None, 0, 1])
@pytest.mark.parametrize("size", [1, 16, 10_000])
def test_batches_hold_each_decision_once(folder: Path, size: int, seed: int | None) -> None:
    data = datasets.read(folder)
    batches = list(data.batches(size, seed, shards_at_once=2))
    assert [len(batch) for batch in batches[:-1]] == [size] * (len(batches) - 1)
    rows = [row for batch in batches for row in identity(batch.seed, batch.decision, batch.controller)]
    assert len(rows) == len(set(rows)) == len(data) == sum(len(episode) for episode in data.episodes())


@pytest.mark.parametrize("seed", [None, 0])
def test_agent_batches_hold_each_transition_once(folder: Path, seed: int | None) -> None:
    data = datasets.read(folder)
    for role in data.roles:
        batches = list(data.agent_batches(role, 50, seed))
        rows = [row for batch in batches for row in identity(batch.seed, batch.decision, batch.controller, batch.agent)]
        assert len(rows) == len(set(rows)) == data.n_transitions(role)


def test_transitions_are_those_of_the_episodes(folder: Path) -> None:
    data = datasets.read(folder)
    episodes = {(episode.controller, episode.seed): episode for episode in data.episodes()}
    for batch in data.batches(11, 5):
        for row in range(len(batch)):
            episode, at = episodes[str(batch.controller[row]), int(batch.seed[row])], int(batch.decision[row])
            assert np.array_equal(batch.state[row], episode.state[at])
            assert np.array_equal(batch.next_state[row], episode.state[at + 1])
            assert batch.truncated[row] == (at == len(episode) - 1)
            assert not batch.terminated[row]
            for role, part in batch.roles.items():
                whole = episode.roles[role]
                assert np.array_equal(part.next_observations[row], whole.observations[at + 1])
                assert np.array_equal(part.next_masks[row], whole.masks[at + 1])  # type: ignore[index]
                assert np.array_equal(part.actions[row], whole.actions[at])
                assert np.array_equal(part.rewards[row], whole.rewards[at])
                assert all(np.array_equal(values[row], whole.infos[key][at]) for key, values in part.infos.items())


def test_agents_have_their_part_of_the_world(folder: Path) -> None:
    data = datasets.read(folder)
    whole = next(iter(data.batches(len(data))))
    for role in data.roles:
        agents = next(iter(data.agent_batches(role, data.n_transitions(role))))
        part, count = whole.roles[role], data.datasheet.roles[role].agents
        for name in ("observations", "masks", "actions", "rewards", "next_observations", "next_masks"):
            expected = getattr(part, name)
            assert np.array_equal(getattr(agents, name), expected.reshape(-1, *expected.shape[2:])), name
        assert np.array_equal(agents.agent, np.tile(np.arange(count), len(data)))
        assert np.array_equal(agents.truncated, np.repeat(whole.truncated, count))


def test_a_seed_gives_an_order(folder: Path) -> None:
    data = datasets.read(folder)
    orders = [[tuple(batch.seed) for batch in data.batches(8, seed)] for seed in (1, 1, 2, None)]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2] != orders[3]


def test_roles_and_controllers_can_be_chosen(folder: Path) -> None:
    data = datasets.read(folder, roles=["retailer"], controllers=["random"])
    assert data.n_episodes == EPISODES
    assert all(list(episode.roles) == ["retailer"] and episode.controller == "random" for episode in data.episodes())
    with pytest.raises(ScenarioError, match="role = 'bs'"):
        next(data.agent_batches("bs", 3))


def test_torch_gets_every_transition_once_and_shuffles_each_pass(folder: Path) -> None:
    torch = pytest.importorskip("torch")
    data = datasets.read(folder)
    batches = datasets.TorchBatches(data, "bs", 32, seed=0)
    passes = [list(torch.utils.data.DataLoader(batches, batch_size=None)) for _ in range(2)]
    for each in passes:
        rows = torch.cat([torch.stack([batch["seed"], batch["decision"], batch["agent"]], dim=1) for batch in each])
        assert len(rows) == data.n_transitions("bs")
        assert torch.unique(rows, dim=0, return_counts=True)[1].tolist() == [2] * (len(rows) // 2)  # two controllers
    assert not torch.equal(passes[0][0]["seed"], passes[1][0]["seed"])
    assert passes[0][0]["observations"].dtype == torch.float32
    assert passes[0][0]["rewards"].dtype == torch.float32
    assert passes[0][0]["actions"].dtype == torch.int64
    assert passes[0][0]["next_masks"].dtype == torch.bool


@pytest.mark.slow
def test_workers_of_a_loader_share_the_shards(folder: Path) -> None:
    torch = pytest.importorskip("torch")
    data = datasets.read(folder)
    loader = torch.utils.data.DataLoader(
        datasets.TorchBatches(data, "bs", 32, seed=0), batch_size=None, num_workers=2, multiprocessing_context="spawn"
    )
    assert sum(len(batch["seed"]) for batch in loader) == data.n_transitions("bs")


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path


def edit(folder: Path, **changed: Any) -> None:
    path = folder / "datasheet.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))


def test_a_missing_shard_is_named(copy: Path) -> None:
    victim = sorted(copy.glob("*.parquet"))[1]
    victim.unlink()
    with pytest.raises(FileFormatError, match=rf"{victim.name} is missing.*--resume"):
        datasets.read(copy)


def test_half_a_shard_is_named(copy: Path) -> None:
    victim = sorted(copy.glob("*.parquet"))[1]
    victim.write_bytes(victim.read_bytes()[: victim.stat().st_size // 2])
    with pytest.raises(FileFormatError, match=rf"{victim.name} has \d+ bytes, \d+ were written.*--resume"):
        datasets.read(copy)


def test_a_changed_byte_is_found_when_the_shard_is_read(copy: Path) -> None:
    victim = sorted(copy.glob("*.parquet"))[1]
    content = bytearray(victim.read_bytes())
    content[len(content) // 2] ^= 1
    victim.write_bytes(bytes(content))
    data = datasets.read(copy)
    with pytest.raises(FileFormatError, match=rf"{victim.name}.*sha256 differs.*--resume"):
        list(data.batches(64))


def test_a_file_that_is_no_shard_is_named(copy: Path) -> None:
    from voltran.datasets.shards import shard_arrays

    with pytest.raises(FileFormatError, match=r"shard x: cannot be read .*--resume"):
        shard_arrays(b"PAR1 and nothing else", datasets.read(copy).datasheet.columns, "x")


def test_damaged_and_foreign_datasheets_are_refused(copy: Path) -> None:
    path = copy / "datasheet.json"
    content = path.read_text()
    for text, message in (
        (content[: len(content) // 2], "corrupt or cut short.*--resume"),
        (content.replace("voltran-dataset-1", "voltran-dataset-9"), "format = 'voltran-dataset-9', this version reads"),
        (content.replace('"first_seed"', '"last_seed"'), "first_seed: Field required"),
    ):
        path.write_text(text)
        with pytest.raises(FileFormatError, match=message):
            datasets.read(copy)
    path.unlink()
    with pytest.raises(FileFormatError, match=r"datasheet.json cannot be read.*voltran dataset"):
        datasets.read(copy)


def test_an_unfinished_data_set_is_refused(copy: Path) -> None:
    edit(copy, complete=False)
    with pytest.raises(FileFormatError, match=r"not finished.*--resume"):
        datasets.read(copy)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"roles": ["ubs"]}, "role = 'ubs': .* has bs, retailer"),
        ({"controllers": ["dpa"]}, "controller = 'dpa': .* has bs=buy-all"),
    ],
)
def test_what_is_not_there_cannot_be_read(folder: Path, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        datasets.read(folder, **asked)


@pytest.mark.parametrize(
    ("scenario", "options", "message"),
    [
        ("toy3", {}, "data set of market_v0, but the world is blackout_v0"),
        ("market4", {"action_form": "multi"}, "bs.action_version"),
        ("market4", {"observe": {"retailer": ["cost"]}}, "retailer.observation_version|has no field"),
    ],
)
def test_another_world_is_refused(folder: Path, scenario: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        datasets.read(folder, world=voltran.make_world(scenario, **options))


def test_a_world_with_other_numbers_of_agents_will_do(folder: Path) -> None:
    assert len(datasets.read(folder, roles=["bs"], world=voltran.make_world("market8")))


@pytest.mark.parametrize("size", [0, -1])
def test_a_size_is_at_least_one(folder: Path, size: int) -> None:
    with pytest.raises(ScenarioError, match=f"size = {size}"):
        next(datasets.read(folder).batches(size))
