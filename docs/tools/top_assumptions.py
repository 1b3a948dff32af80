"""Writes the experiment on the assumptions that move [MSRC]'s claims most: ``python -m docs.tools.top_assumptions``.

They are picked from the published results of ``msrc_gaps``, and played with the full planner at all three loads.
"""

from typing import Any

import yaml

from docs.tools.generate import FOLDER
from voltran.envs.files import write_atomically
from voltran.envs.yaml_files import parse_mapping, shipped_text
from voltran.experiments.assumptions.assumption_results import read_assumption_results, sensitivities
from voltran.experiments.assumptions.sensitivity import most_moving
from voltran.experiments.experiment import read_experiment

SOURCE, FILE = "msrc_gaps", FOLDER.parent / "configs" / "experiments" / "msrc_gaps_top.yaml"
RESULTS = FOLDER / "results" / SOURCE / "results.json"
COUNT, CHANCE = 5, ("search-seed",)
PLANNER, FULL = "msrc-fast", "msrc"
PAPER_AT = {  # [MSRC] Table II
    "over-independent": {"urban19-light": 1.81, "urban19-medium": 2.0, "urban19-heavy": 2.06},
    "over-static": {"urban19-light": 1.29, "urban19-medium": 1.43, "urban19-heavy": 1.42},
    "continuity": {"urban19-medium": 1.09},
}
HEADER = "# The assumptions that move the claims of msrc_gaps most: written by python -m docs.tools.top_assumptions.\n"
SETTINGS = {
    "kind": "assumptions",
    "title": "[MSRC]: the assumptions that matter most, at all loads",
    "question": "Does MSRC's lead hang on the same assumptions at light and at heavy load?",
    "description": "The five assumptions that move the claims of [msrc_gaps](../msrc_gaps/README.md) most, with the "
    "full planner `msrc` at the paper's three loads, 20 paired seeds per value. The paper's ratios are those of its "
    "Table II.",
    "scenarios": ["urban19-light", "urban19-medium", "urban19-heavy"],
    "controllers": ["independent", "static", FULL],
    "seeds": 20,
    "first_seed": 1000,
}


def top_assumptions() -> str:
    """The experiment's file."""
    experiment = read_experiment(SOURCE)
    (found,) = sensitivities(experiment, read_assumption_results(RESULTS, experiment))
    names = [varied.name for varied in most_moving(found, COUNT + len(CHANCE)) if varied.name not in CHANCE][:COUNT]
    source = parse_mapping(shipped_text("experiments", SOURCE), SOURCE)
    known = {assumption["name"]: assumption for assumption in source["assumptions"]}
    claims = [{**claim, "paper_at": PAPER_AT[claim["name"]]} for claim in source["claims"]]
    content = SETTINGS | {
        "claims": [
            _with_full_planner({key: value for key, value in claim.items() if key != "paper"}) for claim in claims
        ],
        "assumptions": [_with_full_planner(known[name]) for name in names],
        "publish": {"order": source["publish"]["order"] + 1},
    }
    return HEADER + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


def _with_full_planner(part: dict[str, Any]) -> dict[str, Any]:
    """A claim or assumption of the fast planner, of the full one."""
    return {key: FULL if value == PLANNER else value for key, value in part.items()}


if __name__ == "__main__":
    write_atomically(FILE, top_assumptions().encode())
