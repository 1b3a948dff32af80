"""The page that lists all experiments: what each asks, what it found, and beside which published numbers."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from voltran.evaluation.markdown import grid
from voltran.evaluation.provenance import DIRTY
from voltran.experiments.calibration import PAPER_SURVIVAL_H, recorded_fit
from voltran.experiments.kinds import Outcome

PREFACE = """\
# Results

Made by `make results`. Every number comes from the `results.json` beside the experiment's page, which holds means,
intervals, seeds and versions; the values of all episodes are written by `voltran experiment NAME` to `runs/NAME`.
What is measured: [metrics](metrics.md). How the worlds work: [the outage](model.md), [the brownout](brownout.md),
[the market](market.md), [shared batteries](sharing.md), [the uplink](uplink.md)."""


def index_page(outcomes: Sequence[Outcome]) -> str:
    """The text of ``docs/results.md``.

    Args:
        outcomes: what every published experiment gave, in their order.
    """
    parts = [PREFACE, *_experiments(outcomes), calibration_section()]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def calibration_section() -> str:
    """The calibration, disclosed: what was fitted, on what, and how near it comes."""
    fit = recorded_fit()
    rows = [
        [scenario, f"{paper:.1f}", f"{fit.survival_h[scenario]:.2f}"] for scenario, paper in PAPER_SURVIVAL_H.items()
    ]
    return f"""\
## Calibration

The power coefficients behind [MSRC] are unpublished. The band powers of the scenarios are plausible values, and two
multipliers on them were fitted, once, so that *independent* operation survives as long as the paper says (seeds 0 to
19, three loads, grid search by `voltran calibrate`): static power x {fit.static_multiplier:g}, load-dependent power x
{fit.dynamic_multiplier:g}. They have been frozen since, and are fitted again only if the root mean square
of the relative deviations passes 5 %; in the world as it is now it is {100 * fit.error:.1f} %. No other controller's
result entered the fit; [MSRC]'s figures for other schemes were never fitted.

{grid(["Scenario", "Paper (h)", "VoltRAN (h)"], rows, keys=1)}"""


def _experiments(outcomes: Sequence[Outcome]) -> list[str]:
    """A row per experiment, and a warning where they were not played by the same code."""
    head = ["Experiment", "Question", "Answer", "Paper / VoltRAN", "Episodes", "Played by"]
    rows, states = [], set()
    for outcome in outcomes:
        row = outcome.index_row()
        played_by = sorted({_code(versions) for versions in row.versions})
        question = outcome.experiment.question
        rows.append([_link(outcome), question, row.answer, row.beside, row.episodes, ", ".join(played_by)])
        states |= {*played_by}
    parts = [grid(head, rows, keys=len(head))]
    if len(states) > 1:
        parts.append("Not everything here was played by the same state of the code: compare across it with care.")
    return parts


def _link(outcome: Outcome) -> str:
    """The experiment's page, with an anchor for links to its row."""
    name = Path(outcome.name).stem
    return f'<a id="{name}"></a>[{name}](results/{name}/README.md)'


def _code(versions: Mapping[str, str | None]) -> str:
    """The state of the code that played: by its own digest, or by the commit where results do not say more."""
    code = versions.get("code")
    commit, dirty, _ = (versions.get("git_commit") or "unknown").partition(DIRTY)
    return f"{versions.get('voltran')}, " + (f"code {code}" if code else f"commit {commit[:12]}{dirty}")
