"""The one reader of YAML: a key that stands twice is an error, and so is a file that cannot be read."""

from collections.abc import Hashable
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from voltran.envs.errors import ScenarioError

YAML_SUFFIXES = (".yaml", ".yml")


def parse_yaml(text: str, source: str) -> Any:
    """What a YAML text says.

    Args:
        text: the text.
        source: what to call it in messages, such as ``scenario toy3``.

    Raises:
        ScenarioError: not valid YAML, or a key that stands twice in one mapping; names both lines.
    """
    try:
        return yaml.load(text, Loader=_StrictLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ScenarioError(f"{source}: not valid YAML: {error}") from error


def parse_mapping(text: str, source: str) -> dict[str, Any]:
    """The same of a text that must be a mapping.

    Raises:
        ScenarioError: as above, or something else than a mapping.
    """
    data = parse_yaml(text, source)
    if not isinstance(data, dict):
        raise ScenarioError(f"{source}: expected a mapping of fields, found {type(data).__name__}")
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
                f"unknown {what} {reference!r}: known ones: {', '.join(known)}; or give the path of a .yaml file"
            )
        return shipped_text(folder, reference)
    return read_text(reference, f"{what} {reference}")


def is_yaml_path(reference: str | Path) -> bool:
    """Whether a reference is the path of a YAML file, and not a name."""
    return isinstance(reference, Path) or reference.endswith(YAML_SUFFIXES)


def read_text(path: str | Path, source: str) -> str:
    """The text of a file in UTF-8.

    Raises:
        ScenarioError: no such file, or one that cannot be read.
    """
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ScenarioError(f"{source}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{source}: cannot be read ({error}); save it as UTF-8") from error


class _StrictLoader(yaml.SafeLoader):
    """Refuses mappings in which a key stands twice, where YAML's own loader takes the last."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        first_line: dict[Hashable, int] = {}
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                continue
            is_merge = key_node.tag == "tag:yaml.org,2002:merge"
            key = key_node.value if is_merge else self.construct_object(key_node)
            line = key_node.start_mark.line + 1
            if key in first_line:
                raise yaml.YAMLError(
                    f"line {line}: key {key_node.value!r} stands twice, first on line {first_line[key]}; keep one"
                )
            first_line[key] = line
        return node


def _as_text(loader: Any, node: yaml.ScalarNode) -> str:
    return str(node.value)


# Dates stay text: whoever wants one validates it, and what was read can be written as JSON.
_StrictLoader.add_constructor("tag:yaml.org,2002:timestamp", _as_text)
