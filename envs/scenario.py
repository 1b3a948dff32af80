"""Scenarios: typed, named, overridable configurations of a world."""

import copy
import difflib
import re
import reprlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator, model_validator

from voltran.envs.errors import ScenarioError
from voltran.envs.nearest import did_you_mean
from voltran.envs.plain_values import Disguised, require_size, undisguised
from voltran.envs.references import is_reference, resolve
from voltran.envs.yaml_files import (
    YAML_SUFFIXES,
    is_yaml_path,
    parse_mapping,
    parse_yaml,
    read_text,
    shipped_names,
    shipped_text,
)

ModelT = TypeVar("ModelT", bound=BaseModel)
FOLDER = "scenarios"  # of configs/
FILE_SUFFIXES = (".csv", ".tsv", ".txt", ".safetensors", *YAML_SUFFIXES)  # of files that a scenario may name
MOST_FAULTS = 6  # that one message tells of
LONG = 60  # characters of a section that a message does not show
SHORT = reprlib.Repr()  # of values in messages
SHORT.maxlist = SHORT.maxtuple = SHORT.maxdict = 6
SHORT.maxstring = SHORT.maxother = SHORT.maxlong = 100


COUNT = re.compile(r"\w+ should have (at (?:least|most) \d+ items?) after validation.*")
# What to say where a value has the wrong shape, by Pydantic's name of the fault.
SHAPES = {
    **dict.fromkeys(("tuple_type", "list_type"), "write a list, such as [a, b]"),
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), "write keys with values, {key: value}"),
    "string_type": "write text, in quotes where it looks like a number",
}


class Section(BaseModel):
    """A part of a scenario: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _undisguised(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        fields = cls.model_fields
        return {
            name: undisguised(value, fields[name].annotation) if name in fields else value
            for name, value in data.items()
        }

    @field_validator("*")
    @classmethod
    def _of_a_size(cls, value: Any) -> Any:
        require_size(value)
        return value


class Scenario(Section):
    """What every scenario has, whichever world it describes."""

    world: str
    name: str
    description: str = ""


def scenario_names() -> list[str]:
    """Names of the scenarios that ship with the package."""
    return shipped_names(FOLDER)


def parse_overrides(items: Sequence[str]) -> dict[str, Any]:
    """Turn ``["radio.r_exp_m=800", ...]`` into ``{"radio.r_exp_m": 800, ...}``; values are YAML.

    Raises:
        ScenarioError: an item without ``=`` or with a value that is not YAML.
    """
    overrides: dict[str, Any] = {}
    for item in items:
        key, separator, value = item.partition("=")
        if not separator or not key.strip():
            raise ScenarioError(f"override {item!r} is not of the form key=value, for example radio.r_exp_m=800")
        overrides[key.strip()] = parse_yaml(value, f"override {key.strip()}: value {value!r}")
    return overrides


def read_scenario(reference: str | Path) -> dict[str, Any]:
    """Read the raw mapping of a scenario.

    Args:
        reference: name of a shipped one, path of a YAML file, or ``module:attribute`` of such a path or of a mapping.
            Files that a YAML file names, such as CSV files, are looked for beside it first, then where you are.

    Raises:
        ScenarioError: no such scenario or file, or a file that is not a YAML mapping, or in which a key stands twice.
    """
    if isinstance(reference, str) and is_reference(reference):
        value = resolve(reference, "scenario")
        if isinstance(value, Mapping):
            return {"name": reference.rpartition(":")[2], **copy.deepcopy(dict(value))}
        if not isinstance(value, str | Path):
            raise ScenarioError(
                f"scenario {reference!r}: is {value!r}; it must be a mapping, or the path of a YAML file"
            )
        reference = Path(value)
    data = parse_mapping(_scenario_text(reference), f"scenario {reference}")
    if is_yaml_path(reference):
        data = _beside(data, Path(reference).parent)
    data.setdefault("name", Path(str(reference)).stem)
    return data


def apply_overrides(data: dict[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Set dotted keys in a nested mapping and return the mapping.

    Raises:
        ScenarioError: a key that leads through something that is not a section.
    """
    for key, value in overrides.items():
        *path, last = key.split(".")
        section = data
        for part in path:
            section = section.setdefault(part, {})
            if not isinstance(section, dict):
                raise ScenarioError(f"override {key}: {part!r} is not a section of the scenario")
        section[last] = value
    return data


def validated(model: type[ModelT], data: Mapping[str, Any], source: str) -> ModelT:
    """Validate a mapping against a model, with an error a user can act on.

    Raises:
        ScenarioError: names the field, the value and, for a mistyped key, the nearest known one.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False)
        told = list(dict.fromkeys(_explain(model, item) for item in faults))
        more = f"; and {len(told) - MOST_FAULTS} more" if len(told) > MOST_FAULTS else ""
        raise ScenarioError(f"{source}: {'; '.join(told[:MOST_FAULTS])}{more}") from error


def require_unchanged(stored: BaseModel, requested: BaseModel, changeable: frozenset[str], checkpoint: Path) -> None:
    """Raise unless a requested configuration continues the run of a stored one.

    Args:
        stored, requested: of the same model.
        changeable: fields that a resumed run may change.
        checkpoint: of the stored one.

    Raises:
        ScenarioError: names the first field that differs, both values, and the remedy.
    """
    for field in type(stored).model_fields:
        before, now = getattr(stored, field), getattr(requested, field)
        if before != now and field not in changeable:
            raise ScenarioError(
                f"{field} = {now!r}: {checkpoint} was trained with {before!r}; a resumed run may change only "
                f"{', '.join(sorted(changeable))} - put the old value back or train into another folder"
            )


def _explain(model: type[BaseModel], item: Any) -> str:
    location = [str(part) for part in item["loc"] if not _is_union_branch(part)]
    field = ".".join(location)
    if item["type"] == "extra_forbidden":
        known = _fields_at(model, location[:-1])
        close = difflib.get_close_matches(location[-1], known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"known keys: {', '.join(known)}"
        return f"unknown key {field!r} ({hint})"
    if item["type"] == "missing":
        return f"{field} is missing; write it"
    if item["type"] == "invalid_key":
        key = location[-1]
        return f"{'.'.join(location[:-1])}: the key {key!r} is no name; write names, and numbers with decimal points"
    found = item["input"]
    message = found.remedy if isinstance(found, Disguised) else _plain(item)
    if not field:
        return str(message)
    value = SHORT.repr(found.value if isinstance(found, Disguised) else found)
    # A rule of a whole section names its fields and values itself.
    is_long_section = isinstance(found, Mapping) and item["type"] == "value_error" and len(value) > LONG
    return f"{field}: {message}" if is_long_section else f"{field} = {value}: {message}"


def _plain(item: Any) -> str:
    """What is wrong with a value, in words of a file and not of the program."""
    message = SHAPES.get(item["type"]) or str(item["msg"]).removeprefix("Value error, ")
    return COUNT.sub(r"must have \1", message)


def _is_union_branch(part: str | int) -> bool:
    """Whether a part of a location names one of several types that a field may have, and not the field."""
    return isinstance(part, str) and ("[" in part or "(" in part or part in ("float", "int", "constrained-float"))


def _fields_at(model: type[BaseModel], path: Sequence[str]) -> list[str]:
    for part in path:
        field = model.model_fields.get(part)
        annotation = field.annotation if field else None
        if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
            return []
        model = annotation
    return list(model.model_fields)


def _beside(value: Any, folder: Path) -> Any:
    """The same with the paths of files that lie beside the scenario's file, or in folders beside it."""
    if isinstance(value, dict):
        return {key: _beside(item, folder) for key, item in value.items()}
    if isinstance(value, list):
        return [_beside(item, folder) for item in value]
    is_beside = isinstance(value, str) and value.lower().endswith(FILE_SUFFIXES) and (folder / value).is_file()
    return str(folder / value) if is_beside else value


def _scenario_text(reference: str | Path) -> str:
    if isinstance(reference, str) and not is_yaml_path(reference):
        if reference not in scenario_names():
            hint = did_you_mean(reference, scenario_names())
            raise ScenarioError(f"unknown scenario {reference!r}: {hint}known scenarios: {', '.join(scenario_names())}")
        return shipped_text(FOLDER, reference)
    return read_text(reference, f"scenario file {reference}")
