"""Publishing an experiment: its results, pictures and tables become part of the documentation and the README."""

import re
import shutil
from pathlib import Path

from voltran.envs.errors import FileFormatError, ScenarioError
from voltran.train.calibration import PAPER_SURVIVAL_H, recorded_fit
from voltran.train.evaluate import RESULTS_FILE
from voltran.train.experiment import Experiment, read_experiment, report
from voltran.train.files import write_text
from voltran.train.results import Results, read_results
from voltran.train.tables import markdown_row, markdown_rule, readme_table

BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
README_SCENARIO = "urban19-medium"
PREFACE = """\
# Results

Made by `make results`; every number comes from the `results.json` files under [results/](results/), which hold all
episodes' values, the seeds and the versions. Definitions: [metrics.md](metrics.md); the model: [model.md](model.md)."""


def check_publishable(name: str, root: Path) -> None:
    """Make sure, before anything is played, that an experiment can be published into a checkout.

    Raises:
        ScenarioError: unknown experiment, or one without the README's scenario.
        FileFormatError: no README, or one without the markers.
    """
    if README_SCENARIO not in read_experiment(name).scenarios:
        raise ScenarioError(f"experiment {name}: has no scenario {README_SCENARIO}, which the README's table shows")
    _with_table(_readme(root), "")


def publish(name: str, out: Path, root: Path) -> list[Path]:
    """Copy an experiment's results and pictures to ``docs/``, and write ``docs/results.md`` and the README's table.

    Args:
        name: experiment that was run.
        out: folder it was run into.
        root: checkout whose documentation is written.

    Returns:
        The documents written.

    Raises:
        ScenarioError: see :func:`check_publishable`.
        FileFormatError: results that are missing or corrupt, or a README without the markers; nothing is written then.
        VoltranError: a file cannot be written.
    """
    check_publishable(name, root)
    experiment = read_experiment(name)
    results = {scenario: read_results(out / Path(scenario).stem / RESULTS_FILE) for scenario in experiment.scenarios}
    new_readme = _with_table(_readme(root), readme_table(results[README_SCENARIO], "docs/results.md"))
    folder = root / "docs" / "results" / Path(name).stem
    for scenario in experiment.scenarios:
        _copy(out / Path(scenario).stem, folder / Path(scenario).stem)
    document = root / "docs" / "results.md"
    write_text(document, results_page(experiment, results, folder))
    write_text(root / "README.md", new_readme)
    return [document, root / "README.md"]


def results_page(experiment: Experiment, results: dict[str, Results], folder: Path) -> str:
    """The text of ``docs/results.md``; ``folder`` is where the experiment's pictures lie under ``docs/``."""
    prefix = folder.relative_to(folder.parent.parent).as_posix()
    tables = re.sub(r"^(#+ )", r"#\1", report(experiment, results, folder, prefix), flags=re.MULTILINE)
    return f"{PREFACE}\n\n{calibration_section()}\n\n{tables}"


def calibration_section() -> str:
    """The calibration, disclosed: what was fitted, on what, and how near it comes."""
    fit = recorded_fit()
    rows = [
        markdown_row([scenario, f"{paper:.1f}", f"{fit.survival_h[scenario]:.2f}"])
        for scenario, paper in PAPER_SURVIVAL_H.items()
    ]
    table = markdown_row(["Scenario", "Paper, h", "VoltRAN, h"]) + markdown_rule(1, 2) + "".join(rows)
    return f"""\
## Calibration

The power coefficients behind [MSRC] are unpublished. The band powers of the scenarios are plausible values, and two
multipliers on them were fitted, once, so that *independent* operation survives as long as the paper says (seeds 0 to
19, three loads, grid search by `voltran calibrate`): static power x {fit.static_multiplier:g}, load-dependent power x
{fit.dynamic_multiplier:g}. The root mean square of the relative deviations is {100 * fit.error:.1f} %. No other
controller's result entered the fit, which has been frozen since; [MSRC]'s figures for other schemes were never fitted.

{table}"""


def _readme(root: Path) -> str:
    try:
        return (root / "README.md").read_text()
    except OSError as error:
        raise FileFormatError(f"{root / 'README.md'}: cannot be read ({error.strerror}); name a checkout") from error


def _with_table(readme: str, table: str) -> str:
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise FileFormatError(f"README.md: the markers {BEGIN} and {END} are missing; put them back around the results")
    return f"{before}{BEGIN}\n{table.strip()}\n{END}{after}"


def _copy(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for file in (source / RESULTS_FILE, *sorted(source.glob("*.png"))):
        shutil.copyfile(file, target / file.name)
