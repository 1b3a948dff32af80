"""What the generated tables of the documentation have in common: rows of settings, spaces and observations."""

from collections.abc import Collection, Sequence

from gymnasium import spaces
from pydantic import BaseModel

from voltran.envs.meanings import field_meanings
from voltran.envs.series_files import SeriesFormat
from voltran.evaluation.markdown import markdown_row, markdown_rule


def table(head: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    return "".join([markdown_row(head), markdown_rule(len(head), 0), *(markdown_row(row) for row in rows)])


def shown(value: object) -> str:
    """A default as tables show it."""
    if value is None:
        return "none"
    if isinstance(value, SeriesFormat):
        return "[its keys](scenario.md#series-from-files)"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def settings(constants: type[BaseModel]) -> str:
    """One row per field of a settings model."""
    return table(["setting", "default", "meaning"], [[f"`{name}`", *rest] for name, *rest in fields(constants)])


def fields(section: type[BaseModel] | BaseModel, only: Collection[str] = ()) -> list[list[str]]:
    """Name, default and meaning of fields, all of them by default; meanings are those of its class, then its parents.

    Args:
        section: its class, or an instance whose values are the defaults.
        only: names of the fields that are wanted.
    """
    model = section if isinstance(section, type) else type(section)
    meanings = field_meanings(model)
    return [[name, _default(section, name), meanings[name]] for name in only or model.model_fields]


def _default(section: type[BaseModel] | BaseModel, name: str) -> str:
    if not isinstance(section, type):
        return shown(getattr(section, name))
    field = section.model_fields[name]
    return "to be given" if field.is_required() else shown(field.get_default(call_default_factory=True))


def space_cells(space: spaces.Space[object], sizes: Sequence[int], version: str) -> list[str]:
    """Space, mask entries and version of actions with so many values per dimension."""
    inside = f"{list(sizes)}" if isinstance(space, spaces.MultiDiscrete) else f"{sizes[0]}"
    return [f"`{type(space).__name__}({inside})`", str(sum(sizes)), f"`{version}`"]
