"""Worlds that are broken in one way each, and the rule of the conformance suite that must say so."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.envs.broken_envs import BROKEN, breaks
from tests.envs.fake_world import FakeWorld
from voltran.envs.replay.plain import PlainReplay
from voltran.envs.replay.stage import Moment
from voltran.envs.world import Transition
from voltran.physics.arrays import BoolArray, FloatArray

__all__ = ["BROKEN"]


@breaks("state_in_space")
class StateTooLarge(FakeWorld):
    def state(self) -> NDArray[np.float32]:
        return super().state() + np.float32(self.decision[0] > 7)


@breaks("masks_honest")
class MaskAllowsTooMuch(FakeWorld):
    def action_masks(self) -> dict[str, BoolArray]:
        return {name: np.ones_like(mask) for name, mask in super().action_masks().items()}


@breaks("masks_honest")
class ProjectionNotReported(FakeWorld):
    def step(self, actions: Mapping[str, Any]) -> Transition:
        result = super().step(actions)
        infos = {name: {"projected": np.zeros_like(info["projected"])} for name, info in result.agent_infos.items()}
        return replace(result, agent_infos=infos)


@breaks("episodes_end")
class NeverEnds(FakeWorld):
    def __init__(self, n_worlds: int = 1, **options: Any) -> None:
        super().__init__(n_worlds, **{**options, "max_decisions": 100_000})

    def _terminated(self) -> BoolArray:
        return np.zeros(self.n_worlds, bool)


@breaks("snapshots_round_trip")
class SnapshotForgetsARole(FakeWorld):
    def set_state(self, snapshot: Mapping[str, Any]) -> None:
        kept = self.energy_kwh["retailer"].copy()
        super().set_state(snapshot)
        self.energy_kwh["retailer"][...] = kept


@breaks("snapshots_round_trip")
class SnapshotSharesItsArrays(FakeWorld):
    def get_state(self) -> dict[str, Any]:
        snapshot = super().get_state()
        return {**snapshot, "episodes": {**snapshot["episodes"], "decision": self.episodes.decision}}


@breaks("ledger_balances")
class LedgerLeaks(FakeWorld):
    def ledger(self) -> dict[str, FloatArray]:
        ledger = super().ledger()
        ledger["residual_kw"][:, -1] += 1e-6 * (self.decision == 9)
        return ledger


@breaks("central_face_tells_the_same")
class StateDependsOnTheInstance(FakeWorld):
    instances = 0

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        type(self).instances += 1
        self.number = self.instances

    def state(self) -> NDArray[np.float32]:
        return super().state() * np.float32(1.0 / self.number)


@breaks("partial_resets_leave_others_alone")
class ResetTouchesEverybody(FakeWorld):
    def reset(self, seeds: Sequence[int], worlds: BoolArray | None = None) -> None:
        super().reset(seeds, worlds)
        self.level["bs"][:] = 0.0


@breaks("vector_face_tells_the_same")
class BatchDiffersFromSingle(FakeWorld):
    def step(self, actions: Mapping[str, Any]) -> Transition:
        result = super().step(actions)
        result.rewards["bs"][1:] *= 1.0 + 1e-15
        return result


class ReplayOfNoState(PlainReplay):
    def moment(self, transition: Transition | None = None) -> Moment:
        moment = super().moment(transition)
        return replace(moment, states={name: codes + 1 for name, codes in moment.states.items()})


class ReplayThatRaises(PlainReplay):
    def moment(self, transition: Transition | None = None) -> Moment:
        raise KeyError("soc")


class ReplayThatTouches(PlainReplay):
    def moment(self, transition: Transition | None = None) -> Moment:
        self.world.energy_kwh["bs"] -= 0.1
        return super().moment(transition)


@breaks("replay_fits")
class ShowsAStateThatThereIsNot(FakeWorld):
    spec = replace(FakeWorld.spec, replay=ReplayOfNoState)


@breaks("replay_fits")
class ShowsNothingButAnError(FakeWorld):
    spec = replace(FakeWorld.spec, replay=ReplayThatRaises)


@breaks("replay_fits")
class IsChangedByBeingWatched(FakeWorld):
    spec = replace(FakeWorld.spec, replay=ReplayThatTouches)
