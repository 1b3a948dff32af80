"""Controllers as users name them, made into what worker processes can build: see :mod:`controller_grammar`.

``independent,runs/x/policy.safetensors,rotating-sleep:replan_min=60``; where a world has several roles, each can have
its own: ``bs=msrc:evaluations=100+retailer=zoo:NAME``.
"""

import pickle
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from voltran.agents.checksums import bare_content
from voltran.envs.controller import Controller
from voltran.envs.errors import FileFormatError, ScenarioError
from voltran.envs.references import resolve
from voltran.envs.scenario import Section, validated
from voltran.envs.seeds import SEED_LIMIT
from voltran.envs.team import Team
from voltran.evaluation.controller_grammar import POLICY_SUFFIX, Entry, Reference, parse_entries, parse_entry
from voltran.evaluation.files import digest_of

FOREIGN_SUFFIXES = (".zip", ".pt", ".pth", ".ckpt", ".onnx")  # of what other libraries save
PATH_REMEDY = "check the path, in quotes where it holds = or +, or train one with voltran train"
SB3_REMEDY = "check the path; the file that model.save wrote ends in .zip"


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


def parse_controllers(written: str | Iterable[str]) -> list[ControllerSpec]:
    """Read a list of controllers.

    Args:
        written: separated by commas, or several such texts. Each entry is a name known to ``voltran.baselines.make``,
            ``zoo:NAME``, the path of a policy file, ``module:attribute``, ``sb3:PATH`` or ``torch:module:attribute``,
            followed by options as ``:key=value``; or a team of such, ``ROLE=ENTRY+ROLE=ENTRY``; or ``@FILE``.

    Returns:
        One entry per controller, in the order given. Policies are labelled by their file's name, or by its path
        where names would collide.

    Raises:
        ScenarioError: an empty list, an unknown name or option, the same controller or role twice, or a member of a
            team without its role.
        FileFormatError: a policy file that is missing or not a policy.
    """
    entries = parse_entries(written)
    labels = _labels(entries)
    specs = [_specify(entry, label) for entry, label in zip(entries, labels, strict=True)]
    for spec in specs:
        spec.builder()  # an unknown name or option is the user's to hear before anything runs
    return specs


def make_controller(written: str, **options: Any) -> Controller:
    """Build a controller or a team as users name it.

    Args:
        written: one entry, as in :func:`parse_controllers`.
        **options: of a controller that is no team, beside those in the text.

    Raises:
        ScenarioError: an unknown name or option, more than one controller, or options for a team.
        FileFormatError: a policy file that is missing or not a policy.
    """
    entry = parse_entry(written)
    if options and "" not in entry:
        raise ScenarioError(f"team {written!r} takes no options ({', '.join(options)}); give them to its members")
    return _specify(entry, _labels([entry])[0], options).builder()


def _classes(controller: Controller) -> frozenset[type[Controller]]:
    members = controller.members.values() if isinstance(controller, Team) else ()
    return frozenset({type(controller)}).union(*map(_classes, members))


def _labels(entries: list[Entry]) -> list[str]:
    labels = [_joined({role: _short(reference, role) for role, reference in entry.items()}) for entry in entries]
    counts = Counter(labels)
    whole = [_joined({role: _whole(reference) for role, reference in entry.items()}) for entry in entries]
    labels = [label if counts[label] == 1 else long for label, long in zip(labels, whole, strict=True)]
    repeated = [label for label, count in Counter(labels).items() if count > 1]
    if repeated:
        raise ScenarioError(f"controllers: {repeated[0]!r} is named more than once; name each controller once")
    return labels


def _joined(team: Mapping[str, str]) -> str:
    return "+".join(f"{role}={entry}" if role else entry for role, entry in team.items())


def _short(reference: Reference, role: str) -> str:
    """A reference with its file shortened."""
    path = _file(reference)
    return str(reference) if path is None else reference.shown_as(_file_label(path, role))


def _whole(reference: Reference) -> str:
    path = _file(reference)
    return str(reference) if path is None else reference.shown_as(str(path))


def _file(reference: Reference) -> Path | None:
    """The file that a reference names."""
    if reference.kind == "zoo":
        from voltran.agents.zoo import policy_path

        return policy_path(reference.target)
    return Path(reference.target) if reference.kind in ("path", "sb3") else None


def _file_label(path: Path, role: str) -> str:
    """The file's name; the run's folder where every run calls its file the same, in a folder for each role or not."""
    folder = path.resolve().parent
    if path.name != f"policy{POLICY_SUFFIX}":
        return path.stem
    return folder.parent.name if folder.name == role else folder.name


def _specify(entry: Entry, label: str, options: Mapping[str, Any] | None = None) -> ControllerSpec:
    members = {role: _specify_one(reference, label, options or {}) for role, reference in entry.items()}
    if "" in members:
        return members[""]
    builder = partial(_build_team, {role: member.builder for role, member in members.items()}, label)
    identity = {"team": {role: member.identity for role, member in members.items()}}
    recipes = tuple(recipe for member in members.values() for recipe in member.recipes)
    return ControllerSpec(label, builder, identity, recipes)


def _build_team(builders: Mapping[str, Callable[[], Controller]], name: str) -> Controller:
    return Team({role: build() for role, build in builders.items()}, name=name)


def _specify_one(reference: Reference, label: str, more: Mapping[str, Any]) -> ControllerSpec:
    _refuse_bare_models(reference)
    options, path = {**reference.values, **more}, _file(reference)
    if path is not None and reference.kind != "sb3":
        validated(PolicyOptions, options, f"controller {reference.head!r}")
    if reference.kind == "torch":
        network = resolve(reference.target, "network")
        identity = {"torch": reference.target, "options": options}
        return ControllerSpec(label, partial(_load_torch, reference.target, label, options), identity, (network,))
    if path is not None and reference.kind == "sb3":
        identity = {"sb3": _digest(str(path), SB3_REMEDY), "options": options}
        return ControllerSpec(label, partial(_load_sb3, str(path), label, options), identity)
    if path is not None:
        identity = {"policy": _digest(str(path)), "options": options}
        return ControllerSpec(label, partial(_load_policy, str(path), options), identity)
    name = reference.head
    if reference.kind == "own":
        _require_module(name)
    return ControllerSpec(label, _Named(name, options), {"name": name, "options": options}, _recipes(name))


class PolicyOptions(Section):
    """Options of policies that ``voltran train`` made.

    Attributes:
        name: as shown in result tables.
        deterministic: the likeliest legal action of each agent, or a sample; by default as it was trained for.
        seed: of the samples.
    """

    name: str | None = None
    deterministic: bool | None = None
    seed: Annotated[int, Field(ge=0, lt=SEED_LIMIT)] = 0


@dataclass(frozen=True)
class _Named:
    """Builds a controller that is known by a name, here or in a worker, which is told of all that is registered."""

    name: str
    options: dict[str, Any]

    def __call__(self) -> Controller:
        from voltran import baselines

        return baselines.make(self.name, **self.options)

    def __getstate__(self) -> dict[str, Any]:
        from voltran.baselines.registry import entries_to_carry

        try:
            pickle.dumps(entries_to_carry().get(self.name))
        except Exception as error:  # pickle raises all kinds
            raise ScenarioError(
                f"controller {self.name!r}: worker processes cannot import what builds it ({error}); define it by name "
                "in a module, or play it with one job"
            ) from error
        return dict(vars(self))


def _recipes(name: str) -> tuple[Callable[..., Controller], ...]:
    """What a name stands for; whoever makes it says what is unknown."""
    from voltran.baselines.registry import entry_of

    try:
        return (entry_of(name).build,)
    except ScenarioError:
        return ()


def _require_module(name: str) -> None:
    """What looks like a module may be an option without its value."""
    from voltran import baselines

    module, _, attribute = name.partition(":")
    if module in baselines.names():
        raise ScenarioError(f"controller {name!r}: {attribute!r} has no value; write {module}:{attribute}=VALUE")
    top = module.partition(".")[0]
    if top not in sys.modules and find_spec(top) is None:
        raise ScenarioError(
            f"controller {name!r}: there is no module {top}, and {attribute!r} is not of the form key=value; run where "
            "Python finds the module, or write options as key=value"
        )


def _load_sb3(path: str, label: str, options: dict[str, Any]) -> Controller:
    from voltran.agents.foreign_policy import load_sb3

    return load_sb3(path, label, **options)


def _load_torch(reference: str, label: str, options: dict[str, Any]) -> Controller:
    from voltran.agents.foreign_policy import load_torch

    return load_torch(reference, label, **options)


def _load_policy(path: str, options: dict[str, Any]) -> Controller:
    from voltran.agents.policy import load_policy

    return load_policy(path, **options)


def _refuse_bare_models(reference: Reference) -> None:
    """Whoever means a model of another library says so: loading one may run code that it holds.

    Raises:
        FileFormatError: names the prefix to write.
    """
    suffix = Path(reference.head).suffix.lower()
    if reference.kind not in ("name", "path") or suffix not in FOREIGN_SUFFIXES:
        return
    if suffix == ".zip":
        raise FileFormatError(
            f"policy {reference.head}: a {suffix} file is no policy of voltran train; if Stable-Baselines3 saved it "
            f"and you trust whoever did, write sb3:{reference.head}"
        )
    raise FileFormatError(
        f"policy {reference.head}: a {suffix} file is no policy of voltran train; write torch:module:attribute, which "
        "names a function or a network that has loaded it"
    )


def _digest(path: str, remedy: str = PATH_REMEDY) -> str:
    if Path(path).is_dir():
        raise FileFormatError(f"policy {path} is a folder; name the {POLICY_SUFFIX} file inside it")
    try:
        return digest_of(bare_content(Path(path).read_bytes()))
    except OSError as error:
        raise FileFormatError(f"policy {path}: cannot be read ({error.strerror}); {remedy}") from error
