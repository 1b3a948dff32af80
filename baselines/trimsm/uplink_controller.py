"""TriMSM, its peers, and the architectures that it is compared with, as controllers of the uplink world."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from voltran.baselines.entry import Entry
from voltran.baselines.program import TOLERANCE
from voltran.baselines.solve import SolverError, require_finite, solving
from voltran.baselines.trimsm import peers
from voltran.baselines.trimsm.exhaustive import best_association
from voltran.baselines.trimsm.power_control import PowerControl, optimise_power, steps_until
from voltran.baselines.trimsm.uplink_matching import match
from voltran.baselines.trimsm.uplink_settings import (
    ExhaustiveSettings,
    PeerSettings,
    SharedStationsSettings,
    TriMsmSettings,
)
from voltran.envs.controller import Information
from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import validated
from voltran.envs.uplink.architecture import ArchitectureName, build_architecture
from voltran.envs.uplink.commands import UplinkCommands
from voltran.envs.uplink.problem import UplinkProblem
from voltran.envs.uplink.scenario import UplinkScenario
from voltran.envs.uplink.world import UplinkWorld
from voltran.envs.world import World
from voltran.envs.world_kinds import require_world
from voltran.physics.arrays import BoolArray

# what each registered TriMSM changes of the settings
VARIANTS: dict[str, dict[str, Any]] = {
    "trimsm-original": {"inner": "direct"},
    "trimsm-eipc": {"inner": "eipc"},
    "trimsm-qopc": {"inner": "qopc"},
    "trimsm-fipc": {"inner": "fipc"},
}


class Choice(NamedTuple):
    """An association ``[M, K]`` of a problem, and what finding it took."""

    association: BoolArray
    moves: int = 0
    evaluations: int = 0


Choose = Callable[[UplinkProblem, UplinkScenario], Choice]


class UplinkController:
    """Chooses an association anew in every decision period, then the transmit powers for it.

    Where numbers fail on the way, every UE gets its strongest UBS with room, at full power, and that is counted.

    Args:
        name: as shown in tables.
        choose: association for a problem with at least one UE.
        settings: which power control the association gets.
        searches: whether work is counted.
        world_options: how worlds are to be built for it.
    """

    information: Information = "global"

    def __init__(
        self,
        name: str,
        choose: Choose,
        settings: PeerSettings,
        *,
        searches: bool = False,
        world_options: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.settings = settings
        self.world_options: Mapping[str, Any] = dict(world_options or {})
        self._choose = choose
        self._searches = searches
        self._choices: list[tuple[int, int]] = []
        self._controls: list[PowerControl] = []
        self._failed = 0

    def reset(self, world: World) -> None:
        """Forget counts."""
        self._uplink(world)
        self._choices, self._controls, self._failed = [], [], 0

    def act(self, world: World) -> dict[str, UplinkCommands]:
        """Choose for every world of the batch."""
        uplink = self._uplink(world)
        n_ubs, n_ues = uplink.architecture.n_ubs, uplink.scenario.ues.count
        association = np.zeros((uplink.n_worlds, n_ubs, n_ues), dtype=bool)
        power_mw = np.zeros((uplink.n_worlds, n_ues))
        for index in range(uplink.n_worlds):
            problem = uplink.problem(index)
            if problem.n_ues > 0:
                choice, control = self._decide(problem, uplink.scenario)
                association[index][:, problem.ue] = choice.association
                power_mw[index, problem.ue] = control.power_mw
                self._choices.append((choice.moves, choice.evaluations))
                self._controls.append(control)
        return {"ubs": UplinkCommands(association, power_mw)}

    def counters(self) -> Mapping[str, float]:
        """Failures; per decision moves, candidates weighed, and steps of SLMDB where it is the final control."""
        if not self._controls:
            return {}
        counters = {"failed_solves": float(self._failed)}
        if self._searches:
            moves, evaluations = np.mean(self._choices, axis=0)
            counters |= {"swaps": float(moves), "plan_evaluations": float(evaluations)}
        if self.settings.final == "slmdb":
            for name, tolerance in (("slmdb_steps_1e3", 1e-3), ("slmdb_steps_1e4", 1e-4)):
                counters[name] = float(
                    np.mean([steps_until(control.efficiencies, tolerance) for control in self._controls])
                )
        return counters

    def _decide(self, problem: UplinkProblem, scenario: UplinkScenario) -> tuple[Choice, PowerControl]:
        """An association and the powers for it."""
        try:
            with solving(f"controller {self.name}"):
                choice = self._choose(problem, scenario)
                control = optimise_power(problem, choice.association, self.settings.final)
                _require_powers(problem, control)
                return choice, control
        except SolverError:
            self._failed += 1
            association = peers.masters(problem)
            return Choice(association), optimise_power(problem, association, "fipc")

    def _uplink(self, world: World) -> UplinkWorld:
        uplink = require_world(world, UplinkWorld, f"controller {self.name!r} plays")
        wanted = self.world_options.get("architecture", uplink.architecture.name)
        if uplink.architecture.name != wanted:
            raise ScenarioError(
                f"controller {self.name!r} plays networks with architecture = {wanted!r}; this world has "
                f"{uplink.architecture.name!r}"
            )
        return uplink


def trimsm(name: str, *, sleep: bool = True, defaults: Mapping[str, Any], **settings: Any) -> UplinkController:
    """TriMSM: matching by moves under some power control. Source: [FDRAN] Alg. 2.

    Args:
        name: as shown in tables.
        sleep: False keeps all UBSs awake.
        defaults: what it changes of the settings' defaults.
        **settings: fields of :class:`TriMsmSettings`.

    Raises:
        ScenarioError: a setting that is unknown or out of range.
    """
    chosen = validated(TriMsmSettings, {**defaults, **settings}, f"controller {name}")

    def choose(problem: UplinkProblem, scenario: UplinkScenario) -> Choice:
        return _matched(problem, chosen, sleep)

    return UplinkController(name, choose, chosen, searches=True)


def shared_stations(name: str = "uc-cell-free", **settings: Any) -> UplinkController:
    """User-centric cell-free: the matching of FD-RAN on base stations that also serve the downlink.

    Source: [FDRAN] Section VII-A. The association is what TriMSM finds for FD-RAN's power; transmit powers are then the
    best ones for this network's.

    Args:
        name: as shown in tables.
        **settings: fields of :class:`SharedStationsSettings`.

    Raises:
        ScenarioError: a setting that is unknown or out of range.
    """
    chosen = validated(SharedStationsSettings, settings, f"controller {name}")

    def choose(problem: UplinkProblem, scenario: UplinkScenario) -> Choice:
        return _matched(problem._replace(power=build_architecture(scenario, "fd-ran").power), chosen, sleep=True)

    options = {"architecture": "uc-cell-free", "idle_sleep": chosen.idle_sleep}
    return UplinkController(name, choose, chosen, searches=True, world_options=options)


def exhaustive(name: str = "exhaustive", **settings: Any) -> UplinkController:
    """Exhaustive search over all associations, for small networks. Source: [FDRAN] Section VI-D.

    Args:
        name: as shown in tables.
        **settings: fields of :class:`ExhaustiveSettings`.

    Raises:
        ScenarioError: a setting that is unknown or out of range; when it acts, a network with too many associations.
    """
    chosen = validated(ExhaustiveSettings, settings, f"controller {name}")

    def choose(problem: UplinkProblem, scenario: UplinkScenario) -> Choice:
        found = best_association(problem, chosen.inner, chosen.most_candidates)
        return Choice(found.association, evaluations=found.weighed)

    return UplinkController(name, choose, chosen, searches=True)


def rule(
    name: str,
    associate: Callable[[UplinkProblem], BoolArray],
    architecture: ArchitectureName | None = None,
    **settings: Any,
) -> UplinkController:
    """A rule for the association, without search.

    Args:
        name: as shown in tables.
        associate: association of a problem.
        architecture: of the networks that it plays; None for any.
        **settings: fields of :class:`PeerSettings`.

    Raises:
        ScenarioError: a setting that is unknown or out of range.
    """
    chosen = validated(PeerSettings, settings, f"controller {name}")
    options = {"architecture": architecture} if architecture else {}
    return UplinkController(name, lambda problem, _: Choice(associate(problem)), chosen, world_options=options)


WORLDS = ("uplink_v0",)
CONTROLLERS: dict[str, Entry] = {
    **{
        name: Entry(partial(trimsm, name, defaults=changed), TriMsmSettings, WORLDS)
        for name, changed in VARIANTS.items()
    },
    "trimsm-no-sleep": Entry(partial(trimsm, "trimsm-no-sleep", sleep=False, defaults={}), TriMsmSettings, WORLDS),
    "exhaustive": Entry(exhaustive, ExhaustiveSettings, WORLDS),
    "tsap": Entry(partial(rule, "tsap", peers.tsap), PeerSettings, WORLDS),
    "recp": Entry(partial(rule, "recp", peers.recp), PeerSettings, WORLDS),
    "llsf": Entry(partial(rule, "llsf", peers.llsf), PeerSettings, WORLDS),
    # one server each, the strongest
    "cellular": Entry(partial(rule, "cellular", peers.masters, "cellular"), PeerSettings, WORLDS),
    "small-cell": Entry(partial(rule, "small-cell", peers.masters, "small-cell"), PeerSettings, WORLDS),
    "cell-free": Entry(partial(rule, "cell-free", peers.everywhere, "cell-free"), PeerSettings, WORLDS),
    "uc-cell-free": Entry(shared_stations, SharedStationsSettings, WORLDS),
}


def _require_powers(problem: UplinkProblem, control: PowerControl) -> None:
    require_finite("an efficiency", *control.efficiencies)
    limit_mw = (1.0 + TOLERANCE) * problem.radio.power_max_mw
    if not ((control.power_mw >= 0.0) & (control.power_mw <= limit_mw)).all():
        raise SolverError(f"transmit powers beyond 0 to {problem.radio.power_max_mw} mW")


def _matched(problem: UplinkProblem, settings: TriMsmSettings, sleep: bool) -> Choice:
    report = match(problem, settings, sleep=sleep)
    require_finite("the value of a matching", report.value, report.shortfall)
    return Choice(report.association, report.moves + report.blocks, report.evaluations)
