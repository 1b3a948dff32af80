"""What ships, for ``voltran scenarios|controllers|experiments|policies``: lists, and all of one, ready for JSON.

The keys are a promise to programs: they are never renamed, only joined by others.
"""

import inspect
import re
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from voltran.envs.meanings import entries, field_meanings, summary

Described = dict[str, Any]
ARRAY = re.compile(r"; \[[\w, ]+\]")  # shape of what a rule returns


def scenarios() -> list[Described]:
    """Every scenario: ``name``, ``world``, ``summary``."""
    from voltran.envs.scenario import read_scenario, scenario_names

    read = {name: read_scenario(name) for name in scenario_names()}
    return [
        {"name": name, "world": data["world"], "summary": _line(data.get("description", ""))}
        for name, data in read.items()
    ]


def scenario(name: str) -> Described:
    """One scenario: besides, ``keys`` with their values, and ``set``: the dotted keys that it gives itself."""
    from voltran.envs.registry import make_world
    from voltran.envs.scenario import read_scenario

    said = read_scenario(name)
    made: Any = make_world(name).scenario
    keys = made.model_dump(mode="json")
    own = {key for key, _ in dotted(said)}
    known = [key for key, _ in dotted(keys)]
    given = [key for key in known if any(key == each or key.startswith(f"{each}.") for each in own)]
    return {
        "name": made.name,
        "world": said["world"],
        "summary": _line(made.description),
        "set": [key for key in given if key not in ("name", "world", "description")],
        "keys": keys,
    }


def controllers() -> list[Described]:
    """Every controller: ``name``, ``worlds`` (empty for any), ``summary``."""
    from voltran.baselines.registry import entry_of, names

    return [
        {"name": name, "worlds": list(entry_of(name).worlds), "summary": _summary(entry_of(name).build)}
        for name in names()
    ]


def controller(name: str) -> Described:
    """One controller: besides, ``information``, ``declarations`` and ``options`` with ``default`` and ``meaning``."""
    from voltran.baselines.registry import entry_of
    from voltran.envs.controller import declarations_of, information_of

    entry = entry_of(name)
    described: Described = {"name": name, "worlds": list(entry.worlds), "summary": _summary(entry.build)}
    required = [key for key, parameter in _parameters(entry.build).items() if parameter.default is parameter.empty]
    if entry.settings is None and set(required) & set(entry.options):
        built = None  # it cannot be built without them
    else:
        built = entry.make(name, {})
        described |= {"information": information_of(built), "declarations": declarations_of(built)}
    return {**described, "options": list(_options(entry, built))}


def experiments() -> list[Described]:
    """Every experiment: ``name``, ``kind``, ``summary`` (its title)."""
    from voltran.experiments.experiment import experiment_names, read_experiment

    read = {name: read_experiment(name) for name in experiment_names()}
    return [{"name": name, "kind": each.kind, "summary": _line(each.title)} for name, each in read.items()]


def experiment(name: str) -> Described:
    """One experiment: besides, ``question``, ``description``, and ``configuration``: all of its file's keys."""
    from voltran.experiments.experiment import read_experiment

    read = read_experiment(name)
    return {
        "name": name,
        "kind": read.kind,
        "summary": _line(read.title),
        "question": _line(read.question),
        "description": _line(read.description),
        "configuration": read.model_dump(mode="json"),
    }


def policies() -> list[Described]:
    """Every policy: ``name``, ``world``, ``role``, ``summary``."""
    from voltran.agents.zoo import policy_names

    short = ("name", "world", "role", "summary")
    return [{key: policy(name)[key] for key in short} for name in policy_names()]


def policy(name: str) -> Described:
    """One policy, shipped or a file: besides, ``file``, ``sha256`` and what the file says, ``metadata``."""
    from voltran.agents.policy import load_policy
    from voltran.agents.zoo import SUFFIX, policy_path
    from voltran.evaluation.files import digest_of

    is_file = name.endswith(SUFFIX)
    path = Path(name) if is_file else policy_path(name.removeprefix("zoo:"))
    metadata = load_policy(path).metadata.model_dump(mode="json")
    places = dict.fromkeys(each["name"] for each in metadata["scenarios"])
    decisions = metadata["training"].get("decisions") or metadata["training"].get("total_decisions")
    return {
        "name": name if is_file else path.stem,
        "world": metadata["world"],
        "role": metadata["role"],
        "summary": f"trained on {', '.join(places)}" + (f", {decisions} decisions" if decisions else ""),
        "file": str(path),
        "sha256": digest_of(path.read_bytes()),
        "metadata": metadata,
    }


def dotted(section: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Keys with dots, and their values, of a mapping of mappings."""
    for key, value in section.items():
        if isinstance(value, Mapping) and value:
            yield from dotted(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", value


# --- inside -----------------------------------------------------------------------------------------------------------


def _line(text: str) -> str:
    return " ".join(str(text).split())


def _summary(build: Any) -> str:
    """What a builder says of what it builds, and what it sets differently."""
    if not isinstance(build, partial):
        return summary(build)
    parts = [part for part in build.args if callable(part)]  # a rule that a common builder is given
    said = ARRAY.sub("", summary(parts[0] if parts else build.func))
    changed = {**build.keywords, **build.keywords.get("defaults", {})}
    words = ", ".join(f"{key}={value}" for key, value in changed.items() if key != "defaults")
    return f"{said.rstrip('.')}; {words}" if words else said


def _parameters(build: Any) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(build).parameters
    except (TypeError, ValueError):  # a compiled one
        return {}


def _options(entry: Any, built: Any) -> Iterator[Described]:
    """Name, default and meaning of every option, as the controller has it that is built without any."""
    if entry.settings is None:
        documented = entry.build.func if isinstance(entry.build, partial) else entry.build
        meanings = entries(documented, "Args")
        for name, parameter in _parameters(entry.build).items():
            if name in entry.options:
                default = None if parameter.default is parameter.empty else parameter.default
                yield {"name": name, "default": _plain(default), "meaning": meanings.get(name, "")}
        return
    meanings = field_meanings(entry.settings)
    chosen = next((each for each in vars(built).values() if isinstance(each, entry.settings)), None)
    values = (chosen or entry.settings()).model_dump(mode="json")
    for name in entry.options:
        yield {"name": name, "default": values[name], "meaning": meanings.get(name, "")}


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str | None) else str(value)
