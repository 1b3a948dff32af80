"""Which shards a data set has, and how one is made, here or in a worker process."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voltran.datasets.columns import REWARDS, Layout
from voltran.datasets.datasheet import Shard
from voltran.datasets.introduction import Introduction
from voltran.datasets.recording import RecordedEpisode, record_episodes
from voltran.datasets.shards import ShardWriter
from voltran.envs.files import write_atomically
from voltran.evaluation.controller_spec import ControllerSpec
from voltran.evaluation.episode_key import episode_key
from voltran.evaluation.files import digest_of
from voltran.evaluation.setting import Setting

MOST_EPISODES = 128
MOST_BYTES = 256 * 2**20  # of a shard in memory, were all episodes to reach the horizon


@dataclass(frozen=True)
class ShardTask:
    """One shard to make; can be pickled.

    Attributes:
        setting: where.
        spec: by whom.
        seeds: of the episodes.
        layout: what to record.
        worlds: batch size.
        key: digest of all that decides the episodes.
        folder, file: where to.
    """

    setting: Setting
    spec: ControllerSpec
    seeds: range
    layout: Layout
    worlds: int
    key: str
    folder: Path
    file: str


@dataclass(frozen=True)
class ShardFailure:
    """A shard that could not be finished: whose it is, and why."""

    who: str
    reason: str


def shard_tasks(
    setting: Setting, spec: ControllerSpec, met: Introduction, seeds: range, worlds: int, folder: Path, name: str
) -> list[ShardTask]:
    """The shards of one controller; how many episodes they hold depends on the size of the episodes alone."""
    size = episodes_per_shard(met.layout, met.world.max_decisions)
    batch = min(worlds, met.most_worlds or worlds, size)
    key = episode_key(setting, spec).digest(seeds.start)
    parts = [seeds[start : start + size] for start in range(0, len(seeds), size)]
    return [
        ShardTask(setting, spec, part, met.layout, min(batch, len(part)), key, folder, f"{name}-{part.start}.parquet")
        for part in parts
    ]


def episodes_per_shard(layout: Layout, decisions: int) -> int:
    """Episodes that a shard holds.

    Args:
        layout: columns.
        decisions: horizon of episodes.
    """
    return max(min(MOST_BYTES // (layout.row_bytes * (decisions + 1)), MOST_EPISODES), 1)


def is_whole(task: ShardTask, shard: Shard | None) -> bool:
    """Whether the file that a record tells of is there, undamaged, and what would be made now."""
    if shard is None or shard.key != task.key or shard.seeds != (task.seeds.start, task.seeds.stop - 1):
        return False
    try:
        return digest_of((task.folder / task.file).read_bytes()) == shard.sha256
    except OSError:
        return False


def play_shard(task: ShardTask) -> Shard | ShardFailure:
    """Play the episodes of a shard and write its file."""
    try:
        controller = task.spec.builder()
        world = task.setting.build_world(controller, task.worlds)
        writer, decisions = ShardWriter(task.spec.label, task.layout), []
        returns: dict[str, list[float]] = {role: [] for role in task.layout.roles}
        for episode in _in_order(record_episodes(world, controller, task.seeds, task.layout), task.seeds):
            writer.add(episode)
            decisions.append(episode.decisions)
            for role, values in returns.items():
                values.append(float(np.mean(episode.arrays[f"{role}.{REWARDS}"].sum(axis=0))))
        content = writer.content()
        write_atomically(task.folder / task.file, content)
    except (Exception, SystemExit) as error:  # a controller may raise anything; the other shards go on
        return ShardFailure(_who(task), f"{type(error).__name__}: {error}")
    return Shard(
        file=task.file,
        controller=task.spec.label,
        seeds=(task.seeds.start, task.seeds.stop - 1),
        bytes=len(content),
        sha256=digest_of(content),
        key=task.key,
        decisions=decisions,
        returns=returns,
    )


def died(task: ShardTask, reason: str) -> ShardFailure:
    """What is said of a shard whose worker process died."""
    return ShardFailure(_who(task), reason)


def _who(task: ShardTask) -> str:
    return f"controller {task.spec.label}, seeds {task.seeds.start} to {task.seeds.stop - 1}"


def _in_order(episodes: Iterable[RecordedEpisode], seeds: Iterable[int]) -> Iterator[RecordedEpisode]:
    """Episodes in the order of seeds, each as soon as those before it are there."""
    ended: dict[int, RecordedEpisode] = {}
    awaited = iter(seeds)
    seed = next(awaited, None)
    for episode in episodes:
        ended[episode.seed] = episode
        while seed in ended:
            yield ended.pop(seed)
            seed = next(awaited, None)
