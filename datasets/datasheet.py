"""The datasheet: what a data set is, in words and numbers; the file ``datasheet.json`` in its folder."""

from pathlib import Path
from typing import Any, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from voltran.agents.roles import action_sizes
from voltran.datasets.columns import Column, Layout
from voltran.datasets.shards import REMEDY
from voltran.envs.errors import FileFormatError
from voltran.envs.observations import Observation
from voltran.envs.world import Role, World
from voltran.evaluation.files import write_lines_json

FORMAT: Literal["voltran-dataset-1"] = "voltran-dataset-1"
FILE = "datasheet.json"
UNSTATED = "not stated"

ORDER = (
    "A row is one decision of a whole world. Shards hold episodes of one controller, in the order of their seeds; rows "
    "of an episode follow each other from its first decision on, and its last row, where `final` is true, holds what "
    "is seen once it is over: observations, masks and state. What a transition leads to stands in the row below."
)
ENDING = (
    "`terminated` says that the task is over, so that nothing of value follows; `truncated` says that the horizon is "
    "reached, where the value of the next observation counts. Both are set in the row of the last decision, never both "
    "at once, and all agents end together."
)
PLAYED = (
    "The actions are those that the world was told. Where a controller gives commands in place of action codes, the "
    "codes that stand for them were played."
)


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class FieldRecord(_Record):
    """A quantity that agents observe.

    Attributes:
        name: with the agents that it tells of.
        unit: of the quantity; entries are the quantity divided by ``scale``, between ``low`` and ``high``.
        entries: its places in an observation.
        meaning: a line.
    """

    name: str
    unit: str
    scale: float
    low: float
    high: float
    entries: list[int]
    meaning: str


class RoleRecord(_Record):
    """A group of like agents.

    Attributes:
        agents: how many.
        observation_version, action_version: change whenever the meaning does.
        observation_size: entries ``F`` of an agent's observation.
        action_space: of an agent, as Gymnasium writes it.
        action_sizes: how many values each dimension of an action has; empty where actions are continuous.
        mask_size: entries ``A`` of an agent's flat mask, their sum.
        fields: what is observed; empty where the world does not say.
        meaning: what else observations and action codes mean.
    """

    agents: int
    observation_version: str
    action_version: str
    observation_size: int
    action_space: str
    action_sizes: list[int]
    mask_size: int
    fields: list[FieldRecord]
    meaning: dict[str, Any]


class Shard(_Record):
    """A file of some episodes.

    Attributes:
        file: its name.
        controller: label of who played.
        seeds: first and last seed; all between are there.
        bytes, sha256: of the file.
        key: digest of all that decided the episodes, code included.
        decisions: of each episode.
        returns: role -> return of each episode, the mean over the role's agents.
    """

    file: str
    controller: str
    seeds: tuple[int, int]
    bytes: int
    sha256: str
    key: str
    decisions: list[int]
    returns: dict[str, list[float]]

    @property
    def rows(self) -> int:
        """Rows of the file: decisions and final rows."""
        return sum(self.decisions) + len(self.decisions)


class Spread(_Record):
    """Returns of some episodes: mean, standard deviation, least and largest."""

    mean: float
    std: float
    min: float
    max: float


class ControllerRecord(_Record):
    """Who played.

    Attributes:
        identity: name and options, or the digest of a file.
        information: what it knows.
        declarations: what else it says of itself.
        gives_commands: roles for which it gives commands; the codes that stand for them were played.
        episodes, decisions: that were recorded.
        returns: role -> returns of episodes, the mean over the role's agents.
    """

    identity: dict[str, Any]
    information: str
    declarations: dict[str, str]
    gives_commands: list[str]
    episodes: int = 0
    decisions: int = 0
    returns: dict[str, Spread] = {}


class Datasheet(_Record):
    """What a data set is.

    Attributes:
        license: under which it is passed on.
        complete: whether all shards are there.
        world: versioned name.
        scenario: name or file that was asked for.
        scenario_content: all of it, with what was set differently.
        overrides: scenario keys that were set differently.
        options: of the world.
        first_seed, episodes: seeds follow each other from the first, one for each episode of every controller.
        order, ending, played: how to read rows, in words.
        state_size: entries of the global state.
        roles: those that are recorded.
        columns: of the shards.
        controllers: by label.
        versions: of Python, libraries, this package, and the machine.
        shards: in order; those that are still missing are left out.
    """

    format: Literal["voltran-dataset-1"] = FORMAT
    license: str = UNSTATED
    complete: bool = False
    world: str
    scenario: str
    scenario_content: dict[str, Any]
    overrides: dict[str, Any]
    options: dict[str, Any]
    first_seed: int
    episodes: int
    order: str = ORDER
    ending: str = ENDING
    played: str = PLAYED
    state_size: int
    roles: dict[str, RoleRecord]
    columns: list[Column]
    controllers: dict[str, ControllerRecord]
    versions: dict[str, str | None]
    shards: list[Shard] = []

    @property
    def layout(self) -> Layout:
        """The columns, as recorded."""
        return Layout(tuple(self.roles), tuple(self.columns))

    def with_shards(self, shards: list[Shard], expected: int) -> Self:
        """The same with the shards that there are, and what follows from them."""
        controllers = {
            label: record.model_copy(update=_summary([shard for shard in shards if shard.controller == label]))
            for label, record in self.controllers.items()
        }
        update = {"shards": shards, "complete": len(shards) == expected, "controllers": controllers}
        return self.model_copy(update=update)


def role_records(world: World, roles: list[Role]) -> dict[str, RoleRecord]:
    """What a datasheet says of roles."""
    observed: dict[str, Observation] = dict(getattr(world, "observed", {}))
    return {
        role.name: RoleRecord(
            agents=role.count,
            observation_version=role.observation_version or world.observation_version,
            action_version=role.action_version or world.action_version,
            observation_size=int(np.prod(role.observation_space.shape)),
            action_space=str(role.action_space),
            action_sizes=list(action_sizes(role)) if role.mask_size else [],
            mask_size=role.mask_size,
            fields=_fields(observed[role.name]) if role.name in observed else [],
            meaning={key: value for key, value in role.meaning.items() if key != "features"},
        )
        for role in roles
    }


def write_datasheet(folder: Path, datasheet: Datasheet) -> None:
    """Write the datasheet of a folder atomically.

    Raises:
        VoltranError: it cannot be written; an earlier file stays as it was.
    """
    write_lines_json(folder / FILE, datasheet.model_dump(mode="json"))


def read_datasheet(folder: Path) -> Datasheet:
    """Read the datasheet of a folder.

    Raises:
        FileFormatError: it is missing, damaged, or of another version.
    """
    path = folder / FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        remedy = "name the folder that voltran dataset wrote"
        raise FileFormatError(f"data set {folder}: {FILE} cannot be read ({error.strerror}); {remedy}") from error
    try:
        return Datasheet.model_validate_json(content)
    except ValidationError as error:
        raise FileFormatError(f"datasheet {path}: {_problem(error.errors()[0])}") from error


def _fields(observation: Observation) -> list[FieldRecord]:
    return [
        FieldRecord(
            name=field.qualified_name, unit=field.unit, scale=field.scale, low=field.low, high=field.high,
            entries=entries, meaning=field.meaning,
        )
        for field, entries in observation.entries()
    ]  # fmt: skip


def _summary(shards: list[Shard]) -> dict[str, Any]:
    roles = shards[0].returns if shards else {}
    returns = {role: np.concatenate([shard.returns[role] for shard in shards]) for role in roles}
    return {
        "episodes": sum(len(shard.decisions) for shard in shards),
        "decisions": sum(sum(shard.decisions) for shard in shards),
        "returns": {
            role: Spread(mean=values.mean(), std=values.std(), min=values.min(), max=values.max())
            for role, values in returns.items()
        },
    }


def _problem(item: Any) -> str:
    field = ".".join(map(str, item["loc"]))
    if item["type"] == "json_invalid":
        return f"corrupt or cut short ({item['msg']}); {REMEDY}"
    if field == "format":
        remedy = "read it with the version of VoltRAN that made it, or make it again"
        return f"format = {item['input']!r}, this version reads {FORMAT!r}; {remedy}"
    return f"{field}: {item['msg']}; {REMEDY}"
