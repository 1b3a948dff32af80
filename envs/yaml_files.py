"""YAML files, shipped ones by name and others by path, and the one reader of what they say."""

from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from voltran.envs import text_files
from voltran.envs.errors import ScenarioError
from voltran.envs.nearest import did_you_mean
from voltran.envs.yaml_loader import load_yaml

YAML_SUFFIXES = (".yaml", ".yml")
MOST_MIB = 16  # settings are small; series belong into CSV files
KINDS = {type(None): "nothing", list: "a list", str: "a text"}


def parse_yaml(text: str, source: str) -> Any:
    """What a YAML text says.

    Args:
        text: the text.
        source: what to call it in messages, such as ``scenario toy3``.

    Raises:
        ScenarioError: not valid YAML, a key that stands twice in one mapping, or what :mod:`yaml_loader` refuses
            besides; names the lines.
    """
    try:
        return load_yaml(text)
    except yaml.YAMLError as error:
        raise ScenarioError(f"{source}: not valid YAML: {' '.join(str(error).split())}") from error


def parse_mapping(text: str, source: str) -> dict[str, Any]:
    """The same of a text that must be a mapping.

    Raises:
        ScenarioError: as above, or something else than a mapping.
    """
    data = parse_yaml(text, source)
    if not isinstance(data, dict):
        raise ScenarioError(f"{source}: expected a mapping of fields, found {KINDS.get(type(data), 'a single value')}")
    return data


def shipped_names(folder: str) -> list[str]:
    """Names of the YAML files that ship in a folder of ``configs/``."""
    items = (resources.files("voltran.configs") / folder).iterdir()
    return sorted(item.name.removesuffix(".yaml") for item in items if item.name.endswith(".yaml"))


def shipped_text(folder: str, name: str) -> str:
    """The text of one of them."""
    return (resources.files("voltran.configs") / folder / f"{name}.yaml").read_text(encoding="utf-8")


def named_text(folder: str, reference: str | Path, what: str) -> str:
    """The text of a shipped YAML file by its name, or of any by its path.

    Args:
        folder: of ``configs/``.
        reference: a name, or a path.
        what: what to call it in messages, such as ``training configuration``.

    Raises:
        ScenarioError: no such file, or one that cannot be read.
    """
    if isinstance(reference, str) and not is_yaml_path(reference):
        if reference not in (known := shipped_names(folder)):
            raise ScenarioError(
                f"unknown {what} {reference!r}: {did_you_mean(reference, known)}known ones: {', '.join(known)}; or "
                "give the path of a .yaml file"
            )
        return shipped_text(folder, reference)
    return read_text(reference, f"{what} {reference}")


def is_yaml_path(reference: str | Path) -> bool:
    """Whether a reference is the path of a YAML file, and not a name."""
    return isinstance(reference, Path) or reference.endswith(YAML_SUFFIXES)


def read_text(path: str | Path, source: str) -> str:
    """The text of a YAML file.

    Raises:
        ScenarioError: no such file, or one that cannot be read.
    """
    return text_files.read_text(path, source, MOST_MIB)
