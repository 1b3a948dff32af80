"""Controllers as users write them: ``independent,runs/x/policy.safetensors,rotating-sleep:replan_min=60``.

Where a world has several roles, each can have its own: ``bs=msrc:evaluations=100+retailer=zoo:NAME``.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from voltran.envs.controller import Controller
from voltran.envs.errors import FileFormatError, ScenarioError
from voltran.envs.scenario import parse_overrides
from voltran.envs.team import Team
from voltran.evaluation.files import digest_of

POLICY_SUFFIX = ".safetensors"
ZOO_PREFIX = "zoo:"
SWITCHES = ("on", "off", "yes", "no")
MEMBER = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)  # of a team: who plays which role
BETWEEN_MEMBERS = re.compile(r"\+(?=[A-Za-z_]\w*=)")  # other plus signs belong to paths and numbers


@dataclass(frozen=True)
class ControllerSpec:
    """A controller that worker processes can build for themselves.

    Attributes:
        label: name in tables and plots.
        builder: makes a fresh controller; picklable.
        identity: what sets it apart from all others: its name and options, or the digest of its policy file; of a
            team, that of each member.
        recipes: what the builder finds by name and calls, so that neither it nor the identity shows it.
        files: paths of the files that the controller reads, where the identity has no digest of them.
    """

    label: str
    builder: Callable[[], Controller]
    identity: dict[str, Any]
    recipes: tuple[Callable[..., Controller], ...] = ()
    files: tuple[str | Path, ...] = ()

    @property
    def classes(self) -> frozenset[type[Controller]]:
        """The classes that the controller is an object of; a team's members have theirs among them."""
        return _classes(self.builder())


def parse_controllers(text: str) -> list[ControllerSpec]:
    """Read a list of controllers, separated by commas.

    Args:
        text: each entry is a name known to ``voltran.baselines.make``, the path of a policy file or ``zoo:NAME``,
            followed by options as ``:key=value``; or a team of such, ``ROLE=ENTRY+ROLE=ENTRY``.

    Returns:
        One entry per controller, in the order given. Policies are labelled by their file's name, or by its path
        where names would collide.

    Raises:
        ScenarioError: an empty list, an unknown name or option, the same controller or role twice, or a member of a
            team without its role.
        FileFormatError: a policy file that is missing or not a policy.
    """
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    if not entries:
        raise ScenarioError(f"controllers {text!r}: none named; write for example independent,static")
    teams = [_members(entry) for entry in entries]
    labels = _labels(teams)
    specs = [_specify(team, label) for team, label in zip(teams, labels, strict=True)]
    for spec in specs:
        spec.builder()  # an unknown name or option is the user's to hear before anything runs
    return specs


def is_policy_path(name: str) -> bool:
    """Whether an entry names a policy file rather than a simple controller."""
    return name.endswith(POLICY_SUFFIX) or "/" in name


def _classes(controller: Controller) -> frozenset[type[Controller]]:
    members = controller.members.values() if isinstance(controller, Team) else ()
    return frozenset({type(controller)}).union(*map(_classes, members))


def _members(entry: str) -> dict[str, str]:
    """Role to entry; a controller that is no team stands under an empty role."""
    parts = BETWEEN_MEMBERS.split(entry)
    if len(parts) == 1 and not MEMBER.fullmatch(entry):
        return {"": _from_zoo(entry)}
    members: dict[str, str] = {}
    for part in parts:
        match = MEMBER.fullmatch(part)
        if match is None or not match[2]:
            raise ScenarioError(
                f"team {entry!r}: {part!r} is not ROLE=CONTROLLER; write for example bs=msrc+retailer=dpa"
            )
        if match[1] in members:
            raise ScenarioError(f"team {entry!r}: role {match[1]} has two controllers; name one per role")
        members[match[1]] = _from_zoo(match[2])
    return members


def _from_zoo(entry: str) -> str:
    """The path of a policy that ships with the package, for an entry such as ``zoo:blackout``."""
    if not entry.startswith(ZOO_PREFIX):
        return entry
    name, colon, options = entry.removeprefix(ZOO_PREFIX).partition(":")
    from voltran.agents.zoo import policy_path

    return f"{policy_path(name)}{colon}{options}"


def _labels(teams: list[dict[str, str]]) -> list[str]:
    labels = [_joined({role: _short(entry, role) for role, entry in team.items()}) for team in teams]
    counts = Counter(labels)
    labels = [label if counts[label] == 1 else _joined(team) for label, team in zip(labels, teams, strict=True)]
    repeated = [label for label, count in Counter(labels).items() if count > 1]
    if repeated:
        raise ScenarioError(f"controllers: {repeated[0]!r} is named more than once; name each controller once")
    return labels


def _joined(team: Mapping[str, str]) -> str:
    return "+".join(f"{role}={entry}" if role else entry for role, entry in team.items())


def _short(entry: str, role: str) -> str:
    """An entry with its policy shortened."""
    name, colon, options = entry.partition(":")
    return f"{_policy_label(Path(name), role)}{colon}{options}" if is_policy_path(name) else entry


def _policy_label(path: Path, role: str) -> str:
    """The file's name; the run's folder where every run calls its file the same, in a folder for each role or not."""
    folder = path.resolve().parent
    if path.name != f"policy{POLICY_SUFFIX}":
        return path.stem
    return folder.parent.name if folder.name == role else folder.name


def _specify(team: Mapping[str, str], label: str) -> ControllerSpec:
    members = {role: _specify_one(entry, label) for role, entry in team.items()}
    if "" in members:
        return members[""]
    builder = partial(_build_team, {role: member.builder for role, member in members.items()}, label)
    identity = {"team": {role: member.identity for role, member in members.items()}}
    recipes = tuple(recipe for member in members.values() for recipe in member.recipes)
    return ControllerSpec(label, builder, identity, recipes)


def _build_team(builders: Mapping[str, Callable[[], Controller]], name: str) -> Controller:
    return Team({role: build() for role, build in builders.items()}, name=name)


def _specify_one(entry: str, label: str) -> ControllerSpec:
    name, *items = entry.split(":")
    options = parse_overrides(items)
    if is_policy_path(name):
        identity = {"policy": _digest(name), "options": options}
        return ControllerSpec(label, partial(_load_policy, name, options), identity)
    options |= _switches(items)
    builder = partial(_make_baseline, name, options)
    return ControllerSpec(label, builder, {"name": name, "options": options}, _recipes(name))


def _switches(items: list[str]) -> dict[str, Any]:
    """Options such as ``certify=off``, which YAML would read as false: controllers take numbers and words."""
    pairs = (item.partition("=") for item in items)
    return {key.strip(): word.strip() for key, _, word in pairs if word.strip().lower() in SWITCHES}


def _make_baseline(name: str, options: dict[str, Any]) -> Controller:
    from voltran import baselines

    return baselines.make(name, **options)


def _recipes(name: str) -> tuple[Callable[..., Controller], ...]:
    from voltran.baselines.registry import CONTROLLERS

    return (CONTROLLERS[name].build,) if name in CONTROLLERS else ()


def _load_policy(path: str, options: dict[str, Any]) -> Controller:
    from voltran.agents.policy import load_policy

    return load_policy(path, **options)


def _digest(path: str) -> str:
    if Path(path).is_dir():
        raise FileFormatError(f"policy {path} is a folder; name the {POLICY_SUFFIX} file inside it")
    try:
        return digest_of(Path(path).read_bytes())
    except OSError as error:
        remedy = "check the path, or train one with voltran train"
        raise FileFormatError(f"policy {path}: cannot be read ({error.strerror}); {remedy}") from error
