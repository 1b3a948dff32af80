"""Controllers as users write them: ``independent,runs/x/policy.safetensors,rotating-sleep:replan_min=60``."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from voltran.envs.controller import Controller
from voltran.envs.errors import FileFormatError, ScenarioError
from voltran.envs.scenario import parse_overrides

POLICY_SUFFIX = ".safetensors"
ZOO_PREFIX = "zoo:"
SWITCHES = ("on", "off", "yes", "no")


@dataclass(frozen=True)
class ControllerSpec:
    """A controller that worker processes can build for themselves.

    Attributes:
        label: name in tables and plots.
        builder: makes a fresh controller; picklable.
        identity: what sets it apart from all others: its name and options, or the digest of its policy file.
    """

    label: str
    builder: Callable[[], Controller]
    identity: dict[str, Any]

    @cached_property
    def module(self) -> str:
        """Full name of the module that the controller is written in."""
        return type(self.builder()).__module__


def parse_controllers(text: str) -> list[ControllerSpec]:
    """Read a list of controllers, separated by commas.

    Args:
        text: each entry is a name known to ``voltran.baselines.make``, the path of a policy file or ``zoo:NAME``,
            followed by options as ``:key=value``.

    Returns:
        One entry per controller, in the order given. Policies are labelled by their file's name, or by its path
        where names would collide.

    Raises:
        ScenarioError: an empty list, an unknown name or option, or the same controller twice.
        FileFormatError: a policy file that is missing or not a policy.
    """
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    if not entries:
        raise ScenarioError(f"controllers {text!r}: none named; write for example independent,static")
    entries = [_from_zoo(entry) for entry in entries]
    labels = _labels(entries)
    specs = [_specify(entry, label) for entry, label in zip(entries, labels, strict=True)]
    for spec in specs:
        spec.builder()  # an unknown name or option is the user's to hear before anything runs
    return specs


def is_policy_path(name: str) -> bool:
    """Whether an entry names a policy file rather than a simple controller."""
    return name.endswith(POLICY_SUFFIX) or "/" in name


def _from_zoo(entry: str) -> str:
    """The path of a policy that ships with the package, for an entry such as ``zoo:blackout``."""
    if not entry.startswith(ZOO_PREFIX):
        return entry
    name, colon, options = entry.removeprefix(ZOO_PREFIX).partition(":")
    from voltran.agents.zoo import policy_path

    return f"{policy_path(name)}{colon}{options}"


def _labels(entries: list[str]) -> list[str]:
    labels = []
    for entry in entries:
        name, colon, options = entry.partition(":")
        labels.append(f"{_policy_label(Path(name))}{colon}{options}" if is_policy_path(name) else entry)
    counts = Counter(labels)
    labels = [label if counts[label] == 1 else entry for label, entry in zip(labels, entries, strict=True)]
    repeated = [label for label, count in Counter(labels).items() if count > 1]
    if repeated:
        raise ScenarioError(f"controllers: {repeated[0]!r} is named more than once; name each controller once")
    return labels


def _policy_label(path: Path) -> str:
    """The file's name; the folder's where every run calls its file the same."""
    return path.resolve().parent.name if path.name == f"policy{POLICY_SUFFIX}" else path.stem


def _specify(entry: str, label: str) -> ControllerSpec:
    name, *items = entry.split(":")
    options = parse_overrides(items)
    if is_policy_path(name):
        identity = {"policy": _digest(name), "options": options}
        return ControllerSpec(label, partial(_load_policy, name, options), identity)
    options |= _switches(items)
    return ControllerSpec(label, partial(_make_baseline, name, options), {"name": name, "options": options})


def _switches(items: list[str]) -> dict[str, Any]:
    """Options such as ``certify=off``, which YAML would read as false: controllers take numbers and words."""
    pairs = (item.partition("=") for item in items)
    return {key.strip(): word.strip() for key, _, word in pairs if word.strip().lower() in SWITCHES}


def _make_baseline(name: str, options: dict[str, Any]) -> Controller:
    from voltran import baselines

    return baselines.make(name, **options)


def _load_policy(path: str, options: dict[str, Any]) -> Controller:
    from voltran.agents.policy import load_policy

    return load_policy(path, **options)


def _digest(path: str) -> str:
    if Path(path).is_dir():
        raise FileFormatError(f"policy {path} is a folder; name the {POLICY_SUFFIX} file inside it")
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError as error:
        remedy = "check the path, or train one with voltran train"
        raise FileFormatError(f"policy {path}: cannot be read ({error.strerror}); {remedy}") from error
