"""Agent transitions per second that a data set is made with, and read with."""

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from benchmarks.measure import Aim, Section, Stopwatch, number
from voltran.datasets import make, read, shard_tasks
from voltran.datasets.shards import ShardWriter

# scenario, teacher, what is set differently
Case = tuple[str, str, dict[str, Any]]
CASES: tuple[Case, ...] = (
    ("urban19-medium", "rotating-sleep", {}),
    ("urban19-medium", "rotating-sleep", {"survival.end": "horizon"}),
    ("urban19-medium", "zoo:blackout", {}),
    ("market4", "bs=buy-all+retailer=random", {}),
)
EPISODES, QUICK_EPISODES, WORLDS = 128, 16, 16
BATCH = 4096


def datasets(quick: bool) -> Section:
    """Make data sets, read them in order and shuffled."""
    section = Section(
        "Data sets",
        f"`voltran dataset` with {WORLDS} worlds in one process, files included; reading gives shuffled batches of "
        f"{BATCH} agents' transitions. Agents' transitions of the first role per second of CPU time.",
        ["scenario, teacher", "made", "writing's share", "bytes each", "read"],
    )
    for case in CASES[:1] if quick else CASES:
        section.rows.append(_row(case, QUICK_EPISODES if quick else EPISODES, section.aims))
    return section


def _row(case: Case, episodes: int, aims: list[Aim]) -> list[str]:
    scenario, teacher, overrides = case
    changed = "".join(f", `{key}={value}`" for key, value in overrides.items())
    with TemporaryDirectory() as folder:
        _made(case, 2, Path(folder, "first"))
        writing = Stopwatch()
        made = _made(case, episodes, Path(folder, "counted"), writing)
        data, reading = read(Path(folder, "counted")), Stopwatch()
        role = data.roles[0]
        with reading:
            for _ in data.agent_batches(role, BATCH, seed=0):
                pass
        count, size = data.n_transitions(role), sum(shard.bytes for shard in data.shards)
    rate = count / made.cpu_s
    if not aims:
        aims.append(Aim(f"transitions per second into a data set, {scenario}, {teacher}", rate, 20_000.0, "1/s", False))
    share = f"{100.0 * writing.cpu_s / made.cpu_s:.0f} %"
    return [
        f"`{scenario}`, `{teacher}`{changed}",
        number(rate),
        share,
        number(size / count),
        number(count / reading.cpu_s),
    ]


def _made(case: Case, episodes: int, folder: Path, writing: Stopwatch | None = None) -> Stopwatch:
    """Time of making a data set; that of writing is added up apart."""
    scenario, teacher, overrides = case
    with ExitStack() as watched, Stopwatch() as whole:
        for owner, name in ((ShardWriter, "add"), (ShardWriter, "content"), (shard_tasks, "write_atomically")):
            if writing is not None:
                watched.enter_context(patch.object(owner, name, writing.around(getattr(owner, name))))
        make(scenario, teacher, episodes, folder, overrides=overrides, worlds=WORLDS)
    return whole
