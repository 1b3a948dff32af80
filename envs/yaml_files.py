"""The one reader of YAML: a key that stands twice is an error, and so is a file that cannot be read."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from voltran.envs.errors import ScenarioError


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
