"""What a YAML text says, read strictly: where YAML's own loader guesses, or takes the last of two, it refuses.

Numbers are those of YAML 1.2: ``1e-3`` is one, ``1:30`` and ``010`` are text. Dates are text, too: whoever wants one
validates it, and what was read can be written as JSON. Tags such as ``!!python/name`` are refused.
"""

import re
from collections.abc import Hashable
from typing import Any

import yaml

MOST_DEEP = 100
MOST_VALUES = 1_000_000  # as large as a mapping may become, with all that aliases stand for
MOST_DIGITS = 100
NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")  # characters that no file or message can hold
INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)|0x[0-9a-fA-F]+|0o[0-7]+|0b[01]+")
FLOAT = re.compile(
    r"[-+]?(?:(?:0|[1-9][0-9_]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
NUMBER_BEGINS = list("-+.0123456789")


def load_yaml(text: str) -> Any:
    """What a text says.

    Raises:
        yaml.YAMLError: whatever is wrong with it.
    """
    return yaml.load(text, Loader=_StrictLoader)


class _StrictLoader(yaml.SafeLoader):
    """Refuses what cannot be meant; messages name the line."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - as the class above has it
        first: [(tag, form) for tag, form in forms if tag.rpartition(":")[2] not in ("int", "float", "value")]
        for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        line = event.start_mark.line + 1
        if getattr(event, "tag", None) is not None and not isinstance(event, yaml.AliasEvent):
            raise yaml.YAMLError(f"line {line}: the tag {event.tag}; leave it out, and put text in quotes")
        self._depth += 1
        if self._depth > MOST_DEEP:
            raise yaml.YAMLError(f"line {line}: nested more than {MOST_DEEP} deep; settings are not")
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        if isinstance(event, yaml.AliasEvent):
            if id(node) not in self._sizes:
                raise yaml.YAMLError(f"line {line}: *{event.anchor} holds itself; write it out")
        elif node is not None:
            self._sizes[id(node)] = self._size(node)
        return node

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node: yaml.MappingNode = super().compose_mapping_node(anchor)
        first_line: dict[Hashable, int] = {}
        for key_node, _ in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.YAMLError(f"line {line}: a key that is a list or a mapping; write a name")
            is_merge = key_node.tag == "tag:yaml.org,2002:merge"
            key = key_node.value if is_merge else self.construct_object(key_node)
            if key in first_line:
                raise yaml.YAMLError(
                    f"line {line}: key {key_node.value!r} stands twice, first on line {first_line[key]}; keep one"
                )
            first_line[key] = line
        return node

    def construct_scalar(self, node: Any) -> Any:
        value: str = super().construct_scalar(node)
        if found := NO_TEXT.search(value):
            raise yaml.YAMLError(f"line {node.start_mark.line + 1}: the character {found[0]!r}; leave it out")
        return value

    def _size(self, node: yaml.Node) -> int:
        """How many values a node holds, those that aliases stand for counted as often as they are there."""
        parts: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            parts = [part for pair in node.value for part in pair]
        elif isinstance(node, yaml.SequenceNode):
            parts = list(node.value)
        size = 1 + sum(self._sizes[id(part)] for part in parts)
        if size > MOST_VALUES:
            raise yaml.YAMLError(f"line {node.start_mark.line + 1}: holds more than {MOST_VALUES} values; write fewer")
        return size


def _whole_number(loader: Any, node: yaml.ScalarNode) -> int:
    if (digits := len(node.value)) > MOST_DIGITS:
        raise yaml.YAMLError(f"line {node.start_mark.line + 1}: a number of {digits} digits; write a smaller one")
    return int(node.value, 0)


def _as_text(loader: Any, node: yaml.ScalarNode) -> str:
    return str(loader.construct_scalar(node))


for _tag, _form in (("int", INTEGER), ("float", FLOAT)):
    _StrictLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"(?:{_form.pattern})$"), NUMBER_BEGINS)
_StrictLoader.add_constructor("tag:yaml.org,2002:int", _whole_number)
_StrictLoader.add_constructor("tag:yaml.org,2002:timestamp", _as_text)
