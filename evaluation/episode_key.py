"""What decides how an episode goes: all of it, so that a stored episode is taken for no other."""

import hashlib
import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from voltran.envs.controller import world_options_of
from voltran.envs.registry import make_world
from voltran.evaluation.code_digest import Code, first_other
from voltran.evaluation.controller_spec import ControllerSpec
from voltran.evaluation.description import Describer, UntraceableError
from voltran.evaluation.machine import elementary_functions
from voltran.evaluation.setting import Setting
from voltran.evaluation.versions import COMPUTING, computing

OF_THE_CONTROLLER = ("controller", "files", "code", "versions")


@dataclass(frozen=True)
class EpisodeKey:
    """What decides the episodes of one controller in one setting, but for the seed.

    Attributes:
        content: as JSON takes it.
        untraceable: why nobody can tell whether another process would play the same; empty where that can be told.
            Then the content is met once only.
        modules: digest of every module behind it, by name, for machines that may have others; empty if it stays here.
    """

    content: Mapping[str, Any]
    untraceable: str = ""
    modules: Mapping[str, str] = field(default_factory=dict, repr=False)

    def of(self, seed: int) -> dict[str, Any]:
        """What decides one episode."""
        return {**self.content, "seed": seed}

    @property
    def situation(self) -> dict[str, Any]:
        """What decides what a controller meets, whoever it is; a code that changes is not part of it."""
        return {key: value for key, value in self.content.items() if key not in OF_THE_CONTROLLER}

    def digest(self, seed: int) -> str:
        """Beginning of the digest of what decides one episode."""
        return hashlib.sha256(json.dumps(self.of(seed), sort_keys=True).encode()).hexdigest()[:16]


def episode_key(setting: Setting, spec: ControllerSpec, travels: bool = False) -> EpisodeKey:
    """What decides the episodes of a controller in a setting, as it is now.

    It holds the scenario and the options with the bytes of files that they name, the controller and what builds it, the
    bytes of all code that these and the world need, the versions of libraries that this code computes with, and the
    machine's elementary functions.

    Args:
        setting, spec: what the key is of.
        travels: whether machines that may have other modules will compare theirs, for which each is digested by itself.
    """
    code = Code()
    # It builds the world that a scenario names. Which others it might build does not matter.
    code.count(make_world.__module__)
    try:
        content = _described(setting, spec, Describer(code))
        code.follow(setting.spec.modules | setting.spec.used_modules)
        if code.outdated:
            name = min(code.outdated)
            raise UntraceableError(f"module {name}: its file has changed since Python loaded it; start Python again")
    except UntraceableError as error:
        return EpisodeKey({"untraceable": str(error), "met": secrets.token_hex(8)}, str(error))
    return EpisodeKey(
        {
            **content,
            "code": code.digest(),
            "versions": computing(code.libraries),
            "elementary_functions": elementary_functions(),
        },
        modules=code.modules() if travels else {},
    )


def other_here(key: EpisodeKey, setting: Setting, spec: ControllerSpec) -> str:
    """What decides a controller's episodes and is different in this process; empty where all is the same.

    Args:
        key: as another process has found it, maybe on another machine; traceable.
        setting, spec: what it is of.
    """
    try:
        described = _described(setting, spec, Describer(Code()))
    except UntraceableError as error:
        return str(error)
    expected, installed = key.content["versions"], computing(COMPUTING)
    named = {name: version for name, version in expected.items() if version is not None}
    here = {
        **described,
        "versions": {name: installed.get(name) for name in named},
        "elementary_functions": elementary_functions(),
    }
    if problem := difference({name: key.content[name] for name in here} | {"versions": named}, here):
        return problem
    other = first_other(key.modules)
    return f"module {other} is another, or missing" if other else ""


def _described(setting: Setting, spec: ControllerSpec, describer: Describer) -> dict[str, Any]:
    content = {"setting": _named("setting", setting.content, describer, reads_files=True)}
    content["controller"] = _named("controller", [spec.identity, *_builders(spec)], describer)
    content["files"] = _named("files", spec.files, describer, reads_files=True)
    for kind in spec.classes:
        describer.follow(kind)
    _named("options of the world", dict(world_options_of(spec.builder())), describer)  # what they name is followed
    return content


def _builders(spec: ControllerSpec) -> list[Any]:
    """What builds a controller; those that are made from a text say it all in their identity."""
    function = getattr(spec.builder, "func", spec.builder)
    own = getattr(function, "__module__", None) == ControllerSpec.__module__
    return [*spec.recipes] if own else [spec.builder, *spec.recipes]


def _named(what: str, value: Any, describer: Describer, *, reads_files: bool = False) -> Any:
    try:
        return describer.describe(value, reads_files=reads_files)
    except UntraceableError as error:
        raise UntraceableError(f"{what}: {error}") from error


def difference(expected: Any, present: Any, field: str = "") -> str:
    """The first field in which two contents differ, with both values; empty where they are equal."""
    if isinstance(expected, dict) and isinstance(present, dict):
        return next(_differences(expected, present, field), "")
    if expected == present:
        return ""
    return f"{field or 'content'} = {_short(present)}, expected {_short(expected)}"


def _differences(expected: dict[str, Any], present: dict[str, Any], field: str) -> Iterator[str]:
    for key in [*expected, *(key for key in present if key not in expected)]:
        name = f"{field}.{key}" if field else key
        if text := difference(expected.get(key, "nothing"), present.get(key, "nothing"), name):
            yield text


def _short(value: Any, length: int = 60) -> str:
    text = json.dumps(value)
    return text if len(text) <= length else f"{text[:length]}..."
