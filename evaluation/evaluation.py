"""Plays controllers on the same seeds and compares them."""

import os
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from rich.console import Console

from voltran.envs.controller import counters_of, named_errors
from voltran.envs.errors import ScenarioError
from voltran.envs.registry import evaluation_overrides, spec_of_scenario
from voltran.envs.scenario import SHORT
from voltran.evaluation.controller_objects import Entry, controller_specs
from voltran.evaluation.controller_spec import ControllerSpec
from voltran.evaluation.episode_key import EpisodeKey, episode_key
from voltran.evaluation.episodes import Episode, Task
from voltran.evaluation.files import output_folder
from voltran.evaluation.metrics import metric_of
from voltran.evaluation.replay.page import MOST
from voltran.evaluation.replay.pages import write_replay
from voltran.evaluation.results import ControllerResults, Results, write_results
from voltran.evaluation.seeds import FIRST_SEED, first_seed, require_seeds, seeds_from
from voltran.evaluation.setting import Setting
from voltran.evaluation.statistics import compare, summarise
from voltran.evaluation.store import EpisodeStore
from voltran.evaluation.task_runner import finish, say_untraceable, saying
from voltran.evaluation.versions import versions
from voltran.evaluation.worker_pool import BACKENDS, WorkerPool, open_pool, pool_of, require_picklable

RESULTS_FILE = "results.json"
NOTHING: Mapping[str, Any] = MappingProxyType({})


def evaluate(
    scenario: str | Path,
    controllers: Entry | Sequence[Entry],
    seeds: int | Sequence[int] = 20,
    *,
    overrides: Mapping[str, Any] = NOTHING,
    options: Mapping[str, Any] = NOTHING,
    jobs: int | None = None,
    backend: str = BACKENDS[0],
    address: str | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    replay_seed: int | Literal["first"] | None = "first",
) -> Results:
    """Play controllers on the same seeds: ``evaluate("urban19-medium", ["rotating-sleep", MyRule()], seeds=20)``.

    Args:
        scenario: scenario name or path of a YAML file.
        controllers: who plays: names, policy files and teams as on the command line, controllers, or their classes.
        seeds: how many episodes, on seeds from 1000 on; or which seeds.
        overrides: dotted scenario keys and their values.
        options: options of the world, for example ``{"action_set": "extended"}``.
        jobs: worker processes; 1, the default, plays everything in this process. With Ray, episodes at a time; as many
            as there are processors by default.
        backend: ``"processes"`` of this machine, or ``"ray"``.
        address: of a Ray cluster; without it, a Ray of this machine is started.
        out: folder for ``results.json``, finished episodes and ``replay.html``; ``None`` writes none.
        resume: continue what ``out`` holds.
        replay_seed: whose episodes are recorded and shown in ``replay.html``, of the first four controllers; None
            records none.

    Raises:
        VoltranError: see :class:`Evaluation`.
    """
    chosen = seeds_from(FIRST_SEED, seeds) if isinstance(seeds, int) else seeds
    watched = (first_seed(chosen) if out is not None else None) if replay_seed == "first" else replay_seed
    evaluation = Evaluation(scenario, controllers, chosen, overrides, options, replay_seed=watched)
    if jobs is None and backend == BACKENDS[0]:
        jobs = 1
    with open_pool(backend, jobs, address) as pool:
        results = evaluation.run(out=out, resume=resume, jobs=pool)
    if out is not None:
        write_replay(results, Path(out))
    return results


def default_controllers(scenario: str | Path) -> tuple[str, ...]:
    """Who is compared in a scenario where nobody is named.

    Raises:
        ScenarioError: unknown scenario or world.
    """
    return spec_of_scenario(scenario).default_controllers


@dataclass(frozen=True)
class Evaluation:
    """Who plays what, and who is compared with whom; checked when it is made.

    Attributes:
        scenario: scenario name or path of a YAML file.
        controllers: who plays: names, policy files and teams as on the command line, controllers, or their classes.
        seeds: of the episodes; every controller meets the same draws.
        overrides: dotted scenario keys and their values.
        options: options of the world, for example ``{"action_set": "extended"}``.
        references: labels that the others are compared with; the first controller by default.
        first_only: label to how many of the first seeds that controller plays, where not all.
        replay_seed: of the episodes that are recorded, to be watched: those of the first four controllers that play it.

    Raises:
        ScenarioError: no controllers or seeds, a label twice, seeds that are kept for training, a ``replay_seed`` that
            nobody plays, or a label in ``references`` or ``first_only`` that is not among the controllers.
    """

    scenario: str | Path
    controllers: Entry | Sequence[Entry]
    seeds: Sequence[int]
    overrides: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    references: Sequence[str] | None = None
    first_only: Mapping[str, int] = field(default_factory=dict)
    replay_seed: int | None = None

    def __post_init__(self) -> None:
        self._check_labels()
        require_seeds(self.seeds)
        for label, count in self.first_only.items():
            if count < 1:
                raise ScenarioError(f"first_only of {label} = {count}: it must play at least one seed")
        if self.replay_seed is not None and not self.recorded:
            played = SHORT.repr(list(self.seeds))
            raise ScenarioError(
                f"replay_seed = {self.replay_seed!r}: nobody plays it; choose one of the seeds {played}"
            )

    def run(
        self,
        *,
        out: str | Path | None = None,
        store: str | Path | None = None,
        resume: bool = False,
        jobs: int | WorkerPool = 1,
        progress: Console | None = None,
    ) -> Results:
        """Play every controller on every seed and compare them in pairs.

        Args:
            out: folder for ``results.json``; ``None`` writes none.
            store: folder of finished episodes, which evaluations may share; ``episodes`` in ``out`` by default.
            resume: continue what ``out`` holds; finished episodes are not played again, unless something that decides
                them has changed or cannot be told.
            jobs: worker processes; 1 plays everything in this process. Or where else to play, see
                :func:`~voltran.evaluation.worker_pool.open_pool`.
            progress: where to draw a progress bar.

        Raises:
            VoltranError: an unknown scenario or key, a controller that does not fit the world, a ``replay_seed`` but no
                folder for what is recorded, or ``out`` holds something and ``resume`` is off, or cannot be written;
                ``EvaluationError`` where episodes failed.
        """
        out, store = _path(out), _path(store)
        if self.replay_seed is not None and out is None:
            raise ScenarioError(f"replay_seed = {self.replay_seed}: give a folder, out, for what is recorded")
        start = time.perf_counter()
        made_by = versions()  # before anything is played: the code may change while an evaluation runs
        pool = pool_of(jobs)
        self.check(pool.crosses)
        with nullcontext() if out is None else output_folder(out, resume, "evaluation", say=saying(progress)):
            kept = EpisodeStore(store or (out and out / "episodes"))
            keys = {spec.label: episode_key(self.setting, spec, pool.is_remote) for spec in self.players}
            if kept.folder is not None:
                say_untraceable(keys, progress)
            tasks = self._tasks(keys)
            episodes = finish(tasks, kept, pool=pool, progress=progress, out=out)
            traces = {task.controller.label: _relative(kept.trace_path(task), out) for task in tasks if task.with_trace}
            shown = {
                task.controller.label: _relative(kept.recording_path(task), out)
                for task in tasks
                if task.with_recording
            }
            results = self._results(episodes, traces, shown, made_by, start)
            if out is not None:
                write_results(out / RESULTS_FILE, results)
            return results

    def check(self, crosses: bool = False) -> frozenset[str]:
        """Let everybody meet the world once, so that what cannot work is said before anything is written.

        Args:
            crosses: whether other processes will play.

        Returns:
            Names of what the controllers count of their own work.

        Raises:
            VoltranError: an unknown scenario or key, or a controller that does not fit the world or cannot be sent to
                worker processes.
        """
        counted = self._counted
        if crosses:
            for spec in self.players:
                require_picklable(spec, f"controller {spec.label!r}")
            require_picklable(self.setting, f"options {dict(self.options)}")
        return counted

    @cached_property
    def _counted(self) -> frozenset[str]:
        """What the controllers count of their own work, once each has met the world."""
        counted: set[str] = set()
        for spec in self.players:
            controller = spec.builder()
            world = self.setting.build_world(controller)
            world.reset([self.seeds[0]])
            with named_errors(f"reset of controller {spec.label}"):
                controller.reset(world)
            counted |= counters_of(controller).keys()
        return frozenset(counted)

    @cached_property
    def setting(self) -> Setting:
        """What all controllers are put into.

        Raises:
            ScenarioError: an unknown scenario.
        """
        overrides = {**evaluation_overrides(self.scenario), **self.overrides}
        return Setting(str(self.scenario), overrides, dict(self.options))

    @cached_property
    def players(self) -> list[ControllerSpec]:
        """The controllers, as worker processes can build them."""
        return controller_specs(self.controllers) if self.controllers else []

    @property
    def labels(self) -> list[str]:
        """Names of the controllers in tables and plots."""
        return [spec.label for spec in self.players]

    def _check_labels(self) -> None:
        labels = self.labels
        if not labels:
            raise ScenarioError("controllers: none given; name at least one")
        if len(set(labels)) < len(labels):
            raise ScenarioError(f"controllers {', '.join(labels)}: a label occurs twice; give each its own")
        named = [("reference", label) for label in self.references or ()]
        for what, label in [*named, *(("first_only:", label) for label in self.first_only)]:
            if label not in labels:
                raise ScenarioError(f"{what} {label!r} is not among the controllers: {', '.join(labels)}")

    @cached_property
    def recorded(self) -> list[str]:
        """Labels of the controllers whose episode of ``replay_seed`` is recorded."""
        if self.replay_seed is None or self.replay_seed not in self.seeds:
            return []
        place = list(self.seeds).index(self.replay_seed)
        return [label for label in self.labels if place < self._counts[label]][:MOST]

    @cached_property
    def _counts(self) -> dict[str, int]:
        """Label to how many of the first seeds the controller plays."""
        return {label: self.first_only.get(label, len(self.seeds)) for label in self.labels}

    def _tasks(self, keys: Mapping[str, EpisodeKey]) -> list[Task]:
        return [
            Task(
                self.setting, spec, seed, index == 0, keys[spec.label],
                with_recording=seed == self.replay_seed and spec.label in self.recorded,
            )
            for index, seed in enumerate(self.seeds)
            for spec in self.players
            if index < self._counts[spec.label]
        ]  # fmt: skip

    def _results(
        self,
        episodes: Mapping[tuple[str, int], Episode],
        traces: Mapping[str, str | None],
        recordings: Mapping[str, str | None],
        made_by: dict[str, str | None],
        start: float,
    ) -> Results:
        world = self.setting.world
        controllers = {
            spec.label: _summary(
                spec,
                [episodes.get((spec.label, seed)) for seed in self.seeds],
                world,
                trace=traces[spec.label],
                recording=recordings.get(spec.label),
            )
            for spec in self.players
        }
        references = self.references if self.references is not None else self.labels[:1]
        return Results(
            world=world,
            scenario=self.setting.scenario,
            overrides=dict(self.setting.overrides),
            options=dict(self.setting.options),
            seeds=list(self.seeds),
            first_seed=self.seeds[0],
            n=len(self.seeds),
            replay_seed=self.replay_seed,
            versions=made_by,
            wall_s=time.perf_counter() - start,
            controllers=controllers,
            paired={reference: compare(controllers, reference, world) for reference in references},
        )


def _summary(
    spec: ControllerSpec, episodes: list[Episode | None], world: str, **files: str | None
) -> ControllerResults:
    """Sum up the episodes of one controller, in the order of the seeds; ``None`` for those it did not play."""
    played = [episode for episode in episodes if episode is not None]
    keys = dict.fromkeys(key for episode in played for key in episode.kpis)
    values = {key: [episode.kpis.get(key) if episode else None for episode in episodes] for key in keys}
    return ControllerResults(
        information=played[0].information,
        declarations=played[0].declarations,
        identity=spec.identity,
        n=len(played),
        decisions=sum(episode.decisions for episode in played),
        wall_s=sum(episode.wall_s for episode in played),
        **files,
        metrics={key: summarise(values[key], metric_of(key, world).bounds) for key in keys},
    )


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)


def _relative(path: Path | None, out: Path | None) -> str | None:
    """A path as the results file in ``out`` names it."""
    return Path(os.path.relpath(path, out)).as_posix() if path is not None and out is not None else None
