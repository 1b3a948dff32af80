"""Plays controllers on the same seeds and compares them."""

import os
import time
import traceback
import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from voltran.envs.errors import ScenarioError, VoltranError
from voltran.envs.registry import evaluation_overrides, make_world
from voltran.envs.seeds import SEED_LIMIT, TRAINING_SEEDS
from voltran.envs.world import World
from voltran.evaluation.controller_spec import ControllerSpec
from voltran.evaluation.episode_key import EpisodeKey, episode_key
from voltran.evaluation.episodes import Episode, Played, Task, play
from voltran.evaluation.files import prepare_output_folder, write_text
from voltran.evaluation.metrics import metric_of
from voltran.evaluation.results import ControllerResults, Results, write_results
from voltran.evaluation.setting import Setting
from voltran.evaluation.statistics import censored_share, compare, summarise
from voltran.evaluation.store import EpisodeStore
from voltran.evaluation.versions import versions
from voltran.evaluation.worker_pool import run_all

RESULTS_FILE = "results.json"


class EvaluationError(VoltranError, RuntimeError):
    """Episodes that could not be finished; names controller, seed and reason."""


@dataclass(frozen=True)
class Failure:
    """An episode that could not be finished."""

    task: Task
    reason: str
    details: str


def evaluate(
    scenario: str | Path,
    controllers: Sequence[ControllerSpec],
    seeds: Sequence[int],
    *,
    overrides: Mapping[str, Any] | None = None,
    jobs: int = 1,
    out: Path | None = None,
    store: Path | None = None,
    resume: bool = False,
    options: Mapping[str, Any] | None = None,
    progress: Console | None = None,
    references: Sequence[str] | None = None,
    first_only: Mapping[str, int] | None = None,
    build_world: Callable[..., World] = make_world,
) -> Results:
    """Play every controller on every seed and compare them in pairs.

    Args:
        scenario: scenario name or path of a YAML file.
        controllers: who plays, for example from ``parse_controllers``.
        seeds: episode seeds; every controller meets the same draws.
        overrides: dotted scenario keys and their values.
        jobs: worker processes; 1 plays everything in this process.
        out: folder for ``results.json``; ``None`` writes none.
        store: folder of finished episodes, which evaluations may share; ``episodes`` in ``out`` by default.
        resume: continue what ``out`` holds; finished episodes are not played again, unless something that decides them
            has changed or cannot be told.
        options: options of the world's builder, for example ``{"action_set": "extended"}``.
        progress: where to draw a progress bar.
        references: labels that the others are compared with; the first controller by default.
        first_only: label to how many of the first seeds that controller plays, where not all.
        build_world: stand-in for ``make_world``.

    Raises:
        ScenarioError: an unknown scenario, key or reference, no seeds, or a controller that does not fit the world.
        VoltranError: ``out`` holds something and ``resume`` is off, or it cannot be written.
        EvaluationError: episodes failed; all others are finished and stored.
    """
    start = time.perf_counter()
    made_by = versions()  # before anything is played: the code may change while an evaluation runs
    changed = {**evaluation_overrides(scenario), **(overrides or {})}
    setting = Setting(str(scenario), changed, dict(options or {}), build_world)
    labels = [spec.label for spec in controllers]
    chosen = list(references) if references is not None else labels[:1]
    _check(labels, seeds, jobs, chosen)
    _check_counts(labels, first_only or {})
    _check_compatible(setting, controllers, seeds[0])
    if out is not None:
        prepare_output_folder(out, resume, "evaluation")
    if store is None and out is not None:
        store = out / "episodes"
    kept = EpisodeStore(store)
    keys = {spec.label: episode_key(setting, spec) for spec in controllers}
    counts = {label: (first_only or {}).get(label, len(seeds)) for label in labels}
    tasks = [
        Task(setting, spec, seed, seed == seeds[0], keys[spec.label])
        for index, seed in enumerate(seeds)
        for spec in controllers
        if index < counts[spec.label]
    ]
    if store is not None:
        _say_untraceable(keys, progress)
    episodes = _finish(tasks, kept, jobs, progress, out)
    summaries = {
        spec.label: _summary(
            spec, [episodes.get((spec.label, seed)) for seed in seeds], _relative(kept.trace_path(task), out)
        )
        for spec, task in zip(controllers, tasks, strict=False)  # the first tasks are those of the first seed
    }
    results = _results(setting, seeds, made_by, summaries, chosen, time.perf_counter() - start)
    if out is not None:
        write_results(out / RESULTS_FILE, results)
    return results


def _check(labels: list[str], seeds: Sequence[int], jobs: int, references: list[str]) -> None:
    if not labels:
        raise ScenarioError("controllers: none given; name at least one")
    if len(set(labels)) < len(labels):
        raise ScenarioError(f"controllers {', '.join(labels)}: a label occurs twice; give each its own")
    if not seeds or len(set(seeds)) < len(seeds) or not 0 <= min(seeds) <= max(seeds) < SEED_LIMIT:
        raise ScenarioError(f"seeds = {list(seeds)}: give at least one, each once, none negative and all below 2**128")
    if training := [seed for seed in seeds if seed in TRAINING_SEEDS]:
        raise ScenarioError(
            f"seed = {training[0]}: {TRAINING_SEEDS.start} to {TRAINING_SEEDS.stop - 1} are kept for training; "
            f"choose seeds below {TRAINING_SEEDS.start}, or from {TRAINING_SEEDS.stop} on"
        )
    if jobs < 1:
        raise ScenarioError(f"jobs = {jobs}: at least one worker is needed")
    for reference in references:
        if reference not in labels:
            raise ScenarioError(f"reference {reference!r} is not among the controllers: {', '.join(labels)}")


def _check_counts(labels: list[str], first_only: Mapping[str, int]) -> None:
    for label, count in first_only.items():
        if label not in labels:
            raise ScenarioError(f"first_only: {label!r} is not among the controllers: {', '.join(labels)}")
        if count < 1:
            raise ScenarioError(f"first_only of {label} = {count}: it must play at least one seed")


def _check_compatible(setting: Setting, controllers: Sequence[ControllerSpec], seed: int) -> None:
    """Let everybody meet the world once, so that what cannot work is said before anything is written."""
    for spec in controllers:
        controller = spec.builder()
        world = setting.world(controller)
        world.reset([seed])
        controller.reset(world)


def _finish(
    tasks: list[Task], store: EpisodeStore, jobs: int, progress: Console | None, out: Path | None
) -> dict[tuple[str, int], Episode]:
    """Play what is not stored yet; every episode is stored as soon as it is finished."""
    found = {(task.controller.label, task.seed): store.load(task) for task in tasks}
    if store.refused:
        more = f" ({len(store.refused) - 1} more files are kept like that)" if len(store.refused) > 1 else ""
        _say(f"{store.refused[0]}{more}", progress)
    episodes = {key: episode for key, episode in found.items() if episode is not None}
    missing = [task for task in tasks if (task.controller.label, task.seed) not in episodes]
    failures = []
    with _bar(progress) as bar, closing(run_all(_attempt, missing, jobs, _died)) as outcomes:
        line = bar.add_task(tasks[0].setting.scenario, total=len(tasks), completed=len(episodes))
        for outcome in outcomes:
            bar.advance(line)
            if isinstance(outcome, Failure):
                failures.append(outcome)
                continue
            store.save(outcome)
            episodes[outcome.task.controller.label, outcome.task.seed] = outcome.episode
    if failures:
        raise EvaluationError(_report(failures, len(tasks), out))
    return episodes


def _say_untraceable(keys: Mapping[str, EpisodeKey], progress: Console | None) -> None:
    for label, key in keys.items():
        if key.untraceable:
            _say(f"controller {label}: its episodes will not be resumed: {key.untraceable}", progress)


def _say(message: str, progress: Console | None) -> None:
    if progress is not None:
        progress.print(message, markup=False, style="yellow")
    else:
        warnings.warn(message, stacklevel=4)  # where evaluate was called


def _attempt(task: Task) -> Played | Failure:
    try:
        return play(task)
    except Exception as error:  # a controller may raise anything; the other episodes go on
        return Failure(task, f"{type(error).__name__}: {error}", traceback.format_exc())


def _died(task: Task) -> Failure:
    reason = "its worker process died; it was killed, or ran out of memory (fewer --jobs need less)"
    return Failure(task, reason, reason)


def _report(failures: list[Failure], total: int, out: Path | None) -> str:
    """The error's message; all tracebacks go to a file."""
    first = failures[0]
    message = f"controller {first.task.controller.label}, seed {first.task.seed}: {first.reason}"
    if len(failures) > 1:
        message += f" ({len(failures) - 1} more episodes failed)"
    if out is None:
        return message
    heads = [f"controller {failure.task.controller.label}, seed {failure.task.seed}" for failure in failures]
    texts = [f"{head}\n{failure.details}" for head, failure in zip(heads, failures, strict=True)]
    log = out / "failures.txt"
    write_text(log, "\n".join(texts))
    return (
        f"{message}; {total - len(failures)} of {total} episodes are stored, details are in {log}; "
        "remove the cause and run again with --resume"
    )


def _results(
    setting: Setting,
    seeds: Sequence[int],
    made_by: dict[str, str | None],
    controllers: dict[str, ControllerResults],
    references: Sequence[str],
    wall_s: float,
) -> Results:
    return Results(
        scenario=setting.scenario,
        overrides=dict(setting.overrides),
        options=dict(setting.options),
        seeds=list(seeds),
        first_seed=seeds[0],
        n=len(seeds),
        versions=made_by,
        wall_s=wall_s,
        controllers=controllers,
        paired={reference: compare(controllers, reference) for reference in references},
    )


def _summary(spec: ControllerSpec, episodes: list[Episode | None], trace: str | None) -> ControllerResults:
    """Sum up the episodes of one controller, in the order of the seeds; ``None`` for those it did not play."""
    played = [episode for episode in episodes if episode is not None]
    keys = dict.fromkeys(key for episode in played for key in episode.kpis)
    values = {key: [episode.kpis.get(key) if episode else None for episode in episodes] for key in keys}
    return ControllerResults(
        information=played[0].information,
        declarations=played[0].declarations,
        identity=spec.identity,
        n=len(played),
        censored_share=censored_share(values.get("censored", [])),
        decisions=sum(episode.decisions for episode in played),
        wall_s=sum(episode.wall_s for episode in played),
        trace=trace,
        metrics={key: summarise(values[key], metric_of(key).bounds) for key in keys},
    )


def _relative(path: Path | None, out: Path | None) -> str | None:
    """A path as the results file in ``out`` names it."""
    return Path(os.path.relpath(path, out)).as_posix() if path is not None and out is not None else None


def _bar(console: Console | None) -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("episodes"),
        TimeRemainingColumn(),
        console=console,
        disable=console is None,
    )
