"""PPO decisions per second, end to end with the shipped configuration, and where the time goes."""

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import Aim, Section, Stopwatch, number
from voltran.train.ppo import Run
from voltran.train.run_config import read_run_config

CONFIG = "blackout_ppo"
ROLLOUTS, QUICK_ROLLOUTS = 20, 3


def training(quick: bool) -> Section:
    """Train for a few rollouts; files, logs and the last checkpoint included, held-out evaluation left out."""
    _learn(1)
    rollouts = QUICK_ROLLOUTS if quick else ROLLOUTS
    decisions, whole, environment = _learn(rollouts)
    rate = decisions / whole.cpu_s
    share = environment.cpu_s / whole.cpu_s
    section = Section(
        "Training",
        f"`voltran train {CONFIG}` for {rollouts} rollouts ({decisions} decisions), with everything that it writes; "
        "only the evaluation on held-out episodes is left out.",
        ["figure", "value"],
    )
    section.rows = [
        ["decisions per second of CPU time", number(rate)],
        ["decisions per second of wall time", number(decisions / whole.wall_s)],
        ["environment's share of the CPU time (steps, masks, resets)", f"{100 * share:.0f} %"],
    ]
    section.aims = [Aim("PPO decisions per second, end to end", rate, 15_000.0, "1/s", False)]
    return section


def _learn(rollouts: int) -> tuple[int, Stopwatch, Stopwatch]:
    """Decisions made, the time of the whole run, and the part of it spent in the environment."""
    whole, environment = Stopwatch(), Stopwatch()
    with TemporaryDirectory() as folder:
        run = Run(read_run_config(CONFIG, {"evaluate_every": 0, "total_decisions": 1}), Path(folder))
        rows = next(iter(run.learners.values())).face.num_envs * run.settings.n_steps
        settings = run.settings.model_copy(update={"total_decisions": rollouts * rows})
        run = Run(settings, Path(folder))
        face = next(iter(run.learners.values())).face
        for name in ("step_wait", "action_masks", "reset"):
            setattr(face, name, environment.around(getattr(face, name)))
        with whole:
            run.learn()
        return run.decisions, whole, environment
