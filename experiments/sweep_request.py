"""A sweep as the command line asks for it: an experiment that varies scenario keys, and its file."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import yaml

from voltran.envs.errors import ScenarioError
from voltran.envs.registry import spec_of_scenario
from voltran.envs.scenario import validated
from voltran.envs.yaml_files import parse_yaml
from voltran.evaluation.controller_grammar import entry_text, parse_entries
from voltran.evaluation.controller_spec import parse_controllers
from voltran.evaluation.metrics import TIMING_KEYS
from voltran.experiments.episode_experiment import EpisodeExperiment
from voltran.experiments.sweep import Scalar, problem_of

EXPERIMENT_FILE = "experiment.yaml"
EXAMPLE = "write KEY=V1,V2, such as --vary radio.r_exp_m=600,800"


def sweep_experiment(
    scenario: str,
    vary: Sequence[str],
    controllers: str,
    *,
    seeds: int,
    first_seed: int,
    references: Sequence[str],
    metrics: Sequence[str],
    overrides: Mapping[str, Any],
) -> EpisodeExperiment:
    """The experiment that a command line asks for.

    Args:
        scenario: scenario name or path of a YAML file.
        vary: ``KEY=V1,V2`` for each key that is varied; values are YAML.
        controllers: who plays, as on the command line.
        seeds, first_seed: of the episodes, the same in every combination.
        references: whom to compare with; the first controller if none.
        metrics: what tables and pictures show; if none, those of the world's short tables, wall time aside.
        overrides: dotted scenario keys and their values, everywhere.

    Raises:
        ScenarioError: nothing to vary, a key or value that is not written as it must be, or what every experiment's
            file is refused for.
    """
    varied = [*map(_varied, vary)]
    if not varied:
        raise ScenarioError(f"nothing to vary; {EXAMPLE}")
    keys = ", ".join(key for key, _ in varied)
    entries = [entry_text(entry) for entry in parse_entries(controllers)]
    data = {
        "title": f"{scenario}: {keys}",
        "description": f"Every combination of values of {keys}, played by all controllers on the same seeds.",
        "scenarios": [scenario],
        "vary": [{"key": key, "values": values} for key, values in varied],
        "controllers": entries,
        "seeds": seeds,
        "first_seed": first_seed,
        "reference": [*references] or [parse_controllers(entries)[0].label],
        "metrics": [*metrics] or _headlines(scenario),
        **({"overrides": dict(overrides)} if overrides else {}),
    }
    return validated(EpisodeExperiment, data, "sweep")


def experiment_text(experiment: EpisodeExperiment) -> str:
    """The experiment as a file that ``voltran experiment`` plays."""
    return yaml.safe_dump(experiment.model_dump(mode="json", exclude_unset=True), sort_keys=False, width=100)


def _varied(item: str) -> tuple[str, list[Scalar]]:
    """A key and its values."""
    key, separator, text = (part.strip() for part in item.partition("="))
    if not separator or not key or not text:
        raise ScenarioError(f"--vary {item!r} is not of the form KEY=V1,V2; {EXAMPLE}")
    values = [_number(value) for value in parse_yaml(f"[{text}]", f"--vary {key}: values {text!r}")]
    for value in values:
        if isinstance(value, list | dict):
            raise ScenarioError(f"--vary {key}: {value!r} is no single value; give numbers, names, true or false")
    if problem := problem_of(values):
        raise ScenarioError(f"--vary {key}: {problem}")
    return key, cast(list[Scalar], values)


def _number(value: Any) -> Any:
    """Numbers such as 1e-3, which YAML takes for text, as numbers."""
    try:
        return float(value) if isinstance(value, str) and value[:1] in "+-.0123456789" else value
    except ValueError:
        return value


def _headlines(scenario: str) -> list[str]:
    """Metrics of the short tables of a scenario's world."""
    declared = [metric for metric in spec_of_scenario(scenario).metrics if metric.key not in TIMING_KEYS]
    return [metric.key for metric in declared if metric.headline] or [metric.key for metric in declared]
