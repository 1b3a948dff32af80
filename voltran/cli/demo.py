"""The demonstration: trains a small policy and compares it with simple rules and an optimiser."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rich.console import Console

from voltran.cli.output import command, hand_over, say
from voltran.envs.claims import claimed, is_occupied
from voltran.envs.errors import VoltranError
from voltran.envs.files import write_atomically
from voltran.envs.registry import world_spec
from voltran.evaluation.controller_grammar import Reference
from voltran.evaluation.controller_spec import parse_controllers
from voltran.evaluation.evaluation import RESULTS_FILE, Evaluation
from voltran.evaluation.figure_files import PICTURE_SUFFIX
from voltran.evaluation.metrics import TIMING_KEYS
from voltran.evaluation.replay.pages import REPLAY_FILE
from voltran.evaluation.report import TABLE_FILE, write_report
from voltran.evaluation.results import Results
from voltran.evaluation.tables import headline_metrics

TRAINING_CONFIG = "demo"
RULES = ("independent", "static", "carrier-shutdown", "rotating-sleep")
OPTIMISER = "msrc-fast"
POLICY_FILE = "policy.safetensors"
LEARNED = "policy"
FIRST_SEED = 500
EPISODES = 10
# The quick form shows that everything works, not how well: one rollout, and few episodes.
QUICK_EPISODES, QUICK_TRAINING = 2, {"total_decisions": 1}


@dataclass(frozen=True)
class DemoFolder:
    """Where the demonstration's files lie."""

    root: Path

    @property
    def training(self) -> Path:
        """Folder of the training run."""
        return self.root / "training"

    @property
    def policy(self) -> Path:
        """The trained policy."""
        return self.root / POLICY_FILE


def run_demo(out: Path, *, jobs: int, console: Console, quick: bool = False) -> Results:
    """Train, evaluate, print the table, write the report and say what to try next.

    Running it again continues where it stopped: finished training and episodes are kept.

    Args:
        out: folder for everything that is made.
        jobs: worker processes of the evaluation.
        console: where to show progress and the table.
        quick: train for one rollout and play few episodes, to see that it works.

    Raises:
        MissingExtraError: the packages for training are not installed.
        VoltranError: ``out`` holds something else, or a file cannot be written.
    """
    folder = DemoFolder(out)
    with claimed(out, again="run the same command again to continue", say=partial(console.print, markup=False)):
        _require_ours(folder)
        return _run(folder, jobs, console, quick)


def _run(folder: DemoFolder, jobs: int, console: Console, quick: bool) -> Results:
    out = folder.root
    scenario = demo_scenario()
    say(console, f"1/2 Training a small policy on {scenario}.", style="bold")
    _train(folder, QUICK_TRAINING if quick else {})
    episodes = QUICK_EPISODES if quick else EPISODES
    others = opponents()
    if OPTIMISER not in others:
        hand_over(console, f"{OPTIMISER} stays out: it needs OR-Tools, pip install 'voltran[solvers]'")
    say(console, f"2/2 Playing it and {len(others)} other controllers on {episodes} fresh episodes.", style="bold")
    learned, *compared = parse_controllers([str(Reference(str(folder.policy))), *others])
    who = [replace(learned, label=LEARNED), *compared]
    seeds = range(FIRST_SEED, FIRST_SEED + episodes)
    evaluation = Evaluation(scenario, who, seeds, references=others, replay_seed=FIRST_SEED)
    results = evaluation.run(out=out, resume=True, jobs=jobs, progress=console)
    pictures = [path.name for path in write_report(results, out, console) if path.suffix == PICTURE_SUFFIX]
    say(console, f"\n{_verdict(results)}")
    hand_over(console, made(folder, pictures))
    hand_over(console, "Try next:\n" + "\n".join(f"  {line}" for line in try_next(folder)))
    return results


def demo_scenario() -> str:
    """The scenario that the small policy is trained on."""
    from voltran.train.run_config import read_run_config

    scenarios, _ = read_run_config(TRAINING_CONFIG, {}).scenarios(stage=0)
    return next(iter(scenarios))


def opponents() -> tuple[str, ...]:
    """Whom the policy is compared with: simple rules, and the fast MSRC planner where its solver is there."""
    return (*RULES, OPTIMISER) if find_spec("ortools") else RULES


def made(folder: DemoFolder, pictures: list[str]) -> str:
    """What was made, a line each."""
    words = {
        POLICY_FILE: "the policy; it plays networks of any size",
        TABLE_FILE: "all metrics, and differences on the same seeds",
        RESULTS_FILE: "every episode's numbers, seeds and versions",
        REPLAY_FILE: "an episode as it plays, of four controllers; open it in a browser",
        **dict.fromkeys(pictures, "a picture"),
    }
    lines = [f"  {name:<{max(map(len, words))}}  {word}" for name, word in words.items()]
    return "\n".join(["", f"Everything is in {folder.root}/:", *lines, ""])


def try_next(folder: DemoFolder) -> list[str]:
    """Commands that are worth a look now."""
    policy = Reference(str(folder.policy))  # with its quotes, if it needs any
    again = ("evaluate", "--controllers", f"{policy},rotating-sleep", "--scenario")
    return [
        command(*again, "urban37-medium", "--out", "runs/larger"),
        command(*again, "urban19-heavy", "--out", "runs/heavy"),
        f"{command('train', 'blackout_ppo')}  # the full training run",
        f"{command('experiment', 'outage')}  # the shipped policy beside the published tables",
    ]


def _verdict(results: Results) -> str:
    """One honest sentence on the metric that training looks at, and that it is not all."""
    metric = results.metric(world_spec(results.world).training_metric)
    words = []
    for other in results.paired:
        difference = results.paired[other][LEARNED][metric.key]
        if difference.mean is None or difference.bootstrap95 is None:
            continue
        low, high = difference.bootstrap95
        relation = "above" if low > 0.0 else "below" if high < 0.0 else "not clearly different from"
        mean, ends = metric.number(difference.mean, signed=True), metric.span(difference.bootstrap95, signed=True)
        words.append(f"{relation} that of {other} ({mean} {metric.unit}, 95 % interval {ends})")
    title, compared = metric.title.lower(), "; ".join(words)
    rest = [other for other in headline_metrics(results) if other != metric and other.key not in TIMING_KEYS]
    return (
        f"Over {results.n} episodes the policy's {title} was {compared}. By itself {title} says little: read it with "
        f"{', '.join(other.title.lower() for other in rest)}."
    )


def _train(folder: DemoFolder, overrides: Mapping[str, Any]) -> None:
    from voltran.train.ppo import CHECKPOINT_FILE, CONFIG_FILE, train

    resume = (folder.training / CHECKPOINT_FILE).exists()
    if not resume:  # stopped before its first checkpoint: there is nothing to continue
        (folder.training / CONFIG_FILE).unlink(missing_ok=True)
        shutil.rmtree(folder.training / "tensorboard", ignore_errors=True)
    write_atomically(folder.policy, train(TRAINING_CONFIG, overrides, folder.training, resume).read_bytes())


def _require_ours(folder: DemoFolder) -> None:
    """An earlier demonstration may be continued; anything else in the folder is left alone."""
    if folder.root.is_dir() and is_occupied(folder.root) and not folder.training.is_dir():
        raise VoltranError(f"{folder.root} holds something else than a demonstration; choose another folder with --out")
