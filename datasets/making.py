"""Makes a data set: plays what is missing, shard by shard, and keeps the datasheet up to date."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from rich.console import Console
from rich.progress import Progress

from voltran.datasets.arrow import arrow
from voltran.datasets.datasheet import UNSTATED, Datasheet, Shard, read_datasheet, role_records, write_datasheet
from voltran.datasets.introduction import Introduction, introduce
from voltran.datasets.shard_tasks import ShardFailure, ShardTask, died, is_whole, play_shard, shard_tasks
from voltran.envs.claims import is_occupied
from voltran.envs.errors import ScenarioError, VoltranError
from voltran.envs.file_names import file_names
from voltran.envs.seeds import EVALUATION_SEEDS, FIRST_DATASET_SEED
from voltran.evaluation.controller_objects import Entry, controller_specs
from voltran.evaluation.controller_spec import ControllerSpec
from voltran.evaluation.episode_key import difference
from voltran.evaluation.files import output_folder
from voltran.evaluation.setting import Setting
from voltran.evaluation.task_runner import saying
from voltran.evaluation.versions import versions
from voltran.evaluation.worker_pool import WorkerPool, pool_of, require_picklable

NOTHING: Mapping[str, Any] = MappingProxyType({})
LONGEST_NAME = 60  # of what a shard's name begins with
MOST_EPISODES = 10_000_000  # of each controller
SEED_LIMIT = 2**63  # seeds are a column of integers
# What a resumed data set may differ in.
CHANGING = frozenset({"format", "license", "complete", "episodes", "versions", "shards", "controllers"})


class DatasetError(VoltranError, RuntimeError):
    """Shards that could not be finished; names controller, seeds and reason."""


def make(
    scenario: str | Path,
    controllers: Entry | Sequence[Entry],
    episodes: int,
    out: str | Path,
    *,
    first_seed: int = FIRST_DATASET_SEED,
    overrides: Mapping[str, Any] = NOTHING,
    options: Mapping[str, Any] = NOTHING,
    roles: Sequence[str] = (),
    worlds: int = 16,
    jobs: int = 1,
    resume: bool = False,
    license: str = UNSTATED,
    progress: Console | None = None,
) -> Datasheet:
    """Play controllers and write every decision: ``make("toy3", "rotating-sleep", 10, "data/toy3")``.

    Args:
        scenario: scenario name or path of a YAML file, played as it is.
        controllers: who plays, as for :func:`voltran.evaluate`; all of them on the same seeds.
        episodes: of each controller.
        out: folder to write.
        first_seed: the seeds follow each other from here; by default they are nobody else's.
        overrides: dotted scenario keys and their values.
        options: options of the world, for example ``{"reward": "local"}``.
        roles: those to record; all by default.
        worlds: episodes that are played together; changes nothing of what is written.
        jobs: worker processes; 1 plays everything in this process.
        resume: continue what ``out`` holds; what is whole and still holds is kept.
        license: under which the data are passed on.
        progress: where to draw a progress bar.

    Returns:
        The datasheet, as written.

    Raises:
        VoltranError: a scenario, controller, role or seed that is none, commands that no action code stands for,
            controllers that need different worlds, or a folder that holds something else.
        DatasetError: shards failed; all others are written.
        MissingExtraError: pyarrow is not installed.
    """
    arrow()
    pool = pool_of(jobs)
    setting = Setting(str(scenario), dict(overrides), dict(options))
    plan = _Plan(setting, controller_specs(controllers), Path(out), roles)
    plan.check(episodes, first_seed, worlds, pool.crosses)
    with output_folder(plan.out, resume, "data set", say=saying(progress)):
        blank = plan.blank_datasheet(first_seed, episodes, license)
        present = _present(plan.out, blank) if resume else {}
        tasks = plan.tasks(first_seed, episodes, worlds)
        kept = {task.file: present[task.file] for task in tasks if is_whole(task, present.get(task.file))}
        with Progress(console=progress, disable=progress is None) as bar:
            line = bar.add_task(plan.setting.scenario, total=episodes * len(plan.specs))
            bar.advance(line, sum(len(shard.decisions) for shard in kept.values()))
            return _finish(tasks, kept, blank, plan.out, pool, lambda count: bar.advance(line, count))


def _finish(
    tasks: list[ShardTask], shards: dict[str, Shard], blank: Datasheet, out: Path, pool: WorkerPool, advance: Any
) -> Datasheet:
    """Play the shards that are missing; the datasheet names each as soon as its file is there."""
    failures = []

    def write() -> Datasheet:
        ordered = [shards[task.file] for task in tasks if task.file in shards]
        datasheet = blank.with_shards(ordered, len(tasks))
        write_datasheet(out, datasheet)
        return datasheet

    datasheet = write()
    missing = [task for task in tasks if task.file not in shards]
    with closing(pool.run_all(play_shard, missing, partial(died, reason=pool.death))) as outcomes:
        for outcome in outcomes:
            if isinstance(outcome, ShardFailure):
                failures.append(outcome)
                continue
            shards[outcome.file] = outcome
            advance(len(outcome.decisions))
            datasheet = write()
    if failures:
        more = f" ({len(failures) - 1} more shards failed)" if len(failures) > 1 else ""
        remedy = "what is finished is kept: remove the cause and run again with --resume"
        raise DatasetError(f"{failures[0].who}: {failures[0].reason}{more}; {remedy}")
    return datasheet


def _present(out: Path, blank: Datasheet) -> dict[str, Shard]:
    """Shards that a folder's datasheet names, once it is known to be of the same data set.

    Raises:
        VoltranError: it is another data set's.
    """
    if not is_occupied(out):
        return {}
    found, wanted = read_datasheet(out), blank.model_dump(mode="json", exclude=set(CHANGING))
    differs = difference(wanted, found.model_dump(mode="json", exclude=set(CHANGING)))
    who = {label: record.identity for label, record in blank.controllers.items()}
    differs = differs or difference(who, {label: record.identity for label, record in found.controllers.items()})
    if differs:
        raise VoltranError(f"{out} holds another data set: {differs}; choose another --out, or ask for the same")
    return {shard.file: shard for shard in found.shards}


@dataclass
class _Plan:
    """What is to be played, by whom, and where to.

    Attributes:
        setting: where.
        specs: by whom.
        out: folder.
        roles: names of those to record; empty for all.
        met: what is known once everybody has met the world.
    """

    setting: Setting
    specs: list[ControllerSpec]
    out: Path
    roles: Sequence[str]
    met: dict[str, Introduction] = field(default_factory=dict)

    def check(self, episodes: int, first_seed: int, worlds: int, crosses: bool) -> None:
        """Let everybody meet the world once, so that what cannot work is said before anything is written."""
        for name, value in (("episodes", episodes), ("worlds", worlds)):
            if value < 1:
                raise ScenarioError(f"{name} = {value}: must be at least 1")
        _check_seeds(first_seed, episodes)
        for spec in self.specs:
            self.met[spec.label] = introduce(self.setting, spec, first_seed, self.roles)
            if crosses:
                require_picklable(spec, f"controller {spec.label!r}")
        if len(self.met) < len(self.specs):
            raise ScenarioError(f"controllers {', '.join(spec.label for spec in self.specs)}: a label occurs twice")
        first = self.first
        for label, other in self.met.items():
            if differs := difference(first.described, other.described):
                raise ScenarioError(
                    f"controllers {self.specs[0].label} and {label} need different worlds: {differs}; make a data set "
                    "of each"
                )

    @property
    def first(self) -> Introduction:
        """How the first controller met the world."""
        return self.met[self.specs[0].label]

    def blank_datasheet(self, first_seed: int, episodes: int, license: str) -> Datasheet:
        """The datasheet without shards."""
        first = self.first
        return Datasheet(
            license=license,
            world=first.world.name,
            scenario=self.setting.scenario,
            scenario_content=first.world.scenario.model_dump(mode="json"),
            overrides=dict(self.setting.overrides),
            options=first.options,
            first_seed=first_seed,
            episodes=episodes,
            state_size=int(first.world.state_space.shape[0]),
            roles=role_records(first.world, first.roles),
            columns=list(first.layout.columns),
            controllers={label: met.record for label, met in self.met.items()},
            versions=versions(),
        )

    def tasks(self, first_seed: int, episodes: int, worlds: int) -> list[ShardTask]:
        """Shards, one controller's after the other's."""
        names = file_names({spec.label: spec.label for spec in self.specs}, LONGEST_NAME)
        seeds = range(first_seed, first_seed + episodes)
        return [
            task
            for spec in self.specs
            for task in shard_tasks(
                self.setting, spec, self.met[spec.label], seeds, worlds, self.out, names[spec.label]
            )
        ]


def _check_seeds(first_seed: int, episodes: int) -> None:
    if not 1 <= episodes <= MOST_EPISODES:
        raise ScenarioError(f"episodes = {episodes}: give a number from 1 to {MOST_EPISODES}")
    last = first_seed + episodes - 1
    if first_seed < EVALUATION_SEEDS.stop:
        raise ScenarioError(
            f"first seed = {first_seed}: {EVALUATION_SEEDS.start} to {EVALUATION_SEEDS.stop - 1} are kept for "
            f"evaluation, and no policy may have learned from them; choose {EVALUATION_SEEDS.stop} or more, or leave "
            f"it out for {FIRST_DATASET_SEED}"
        )
    if last >= SEED_LIMIT:
        raise ScenarioError(f"last seed = {last}: must be below 2**63; choose a smaller first seed")
