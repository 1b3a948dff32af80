"""Matching of clients with stations by moves that improve an objective: the core of TriMSM. Source: [FDRAN] Alg. 2.

What a matching is worth is an :class:`Evaluator`'s knowledge; the uplink and the outage bring one each. The result
admits no better move of the kinds listed; it is no global optimum.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import numpy as np

from voltran.baselines.trimsm.moves import Limits, Moves, is_legal, legal_moves
from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.ordering import ranks, rising

Order = Literal["batch", "first"]
QualityRule = Literal["elastic", "literal"]
# candidate associations [M, K] that change everything about one station: (association, station) -> candidates
BlockSource = Callable[[BoolArray, int], Iterable[BoolArray]]


class Evaluator(Protocol):
    """Knows what an association is worth, and keeps whatever it needs to judge moves fast.

    Values are maximised. Shortfalls are what clients lack of their minimum service: zero where they lack nothing,
    beyond numerical tolerance.
    """

    def load(self, association: BoolArray) -> None:
        """Start from an association ``[M, K]``."""
        ...

    def current(self) -> tuple[float, float]:
        """Value and shortfall of the present association."""
        ...

    def evaluate(self, moves: Moves) -> tuple[FloatArray, FloatArray]:
        """Value and shortfall, ``[n]`` each, after each move alone."""
        ...

    def apply(self, moves: Moves, index: int) -> None:
        """Carry one move out."""
        ...

    def evaluate_association(self, association: BoolArray) -> tuple[float, float]:
        """Value and shortfall of any association; the present one stays."""
        ...


@dataclass(frozen=True)
class MatchingSettings:
    """How moves are searched and accepted.

    Attributes:
        order: "batch" weighs all moves of a sweep and carries the best out, one per client; "first" is the paper's: a
            move is carried out as soon as it is found acceptable.
        qos: "literal" is [FDRAN] Eq. 41: the value must rise and nobody may lack anything afterwards. "elastic": the
            shortfall must not grow; less of it wins, then value.
        block_moves: whether to try moves of whole stations where no single move helps.
        swaps: whether to try moves of two clients.
        changes: whether to try moves of one client.
        max_sweeps: of single moves; a bound that is not reached in practice.
        least_gain: relative change that counts as one.
        shortfall_rounding: change of the shortfall that does not count, as shortfalls are differences.
    """

    order: Order = "batch"
    qos: QualityRule = "elastic"
    block_moves: bool = False
    swaps: bool = True
    changes: bool = True
    max_sweeps: int = 1000
    least_gain: float = 1e-9
    shortfall_rounding: float = 0.0


class Report(NamedTuple):
    """What a search came to.

    Attributes:
        association: ``[M, K]``.
        moves: single moves carried out.
        blocks: block moves carried out.
        evaluations: candidates weighed, of both kinds.
        sweeps: passes over all single moves.
        value, shortfall: of the association.
        values: at the start and after each move and block.
    """

    association: BoolArray
    moves: int
    blocks: int
    evaluations: int
    sweeps: int
    value: float
    shortfall: float
    values: tuple[float, ...]


class Matching:
    """An association under limits, with its legal moves.

    Attributes:
        association: ``[M, K]``.
        stations: ``[K]`` number of stations of each client.
        clients: ``[M]`` number of clients of each station.
    """

    def __init__(self, association: BoolArray, limits: Limits) -> None:
        self.limits = limits
        self._bounds = limits.bounds
        self.load(association)

    def load(self, association: BoolArray) -> None:
        """Start from an association."""
        self.association = association.copy()
        self.stations: IntArray = self.association.sum(axis=0)
        self.clients: IntArray = self.association.sum(axis=1)

    def moves(self, *, swaps: bool = True, changes: bool = True, client: int | None = None) -> Moves:
        """Legal moves, see :func:`legal_moves`."""
        return legal_moves(self.association, self.limits, swaps=swaps, changes=changes, client=client)

    def is_legal(self, moves: Moves, index: int) -> bool:
        """Whether a move that was legal is so still, after moves of other clients."""
        return bool(is_legal(moves, index, self.limits.allowed, self._bounds, self.stations, self.clients))

    def carry_out(self, moves: Moves, index: int) -> None:
        """Change the association."""
        apply_move(self.association, moves, index)
        self.stations, self.clients = self.association.sum(axis=0), self.association.sum(axis=1)


def apply_move(association: BoolArray, moves: Moves, index: int) -> None:
    """Carry one move out on an association ``[M, K]``, in place."""
    for client, leave, join in zip(moves.client[index], moves.leave[index], moves.join[index], strict=True):
        if client >= 0 and leave >= 0:
            association[leave, client] = False
        if client >= 0 and join >= 0:
            association[join, client] = True


def improve(
    association: BoolArray,
    evaluator: Evaluator,
    limits: Limits,
    settings: MatchingSettings,
    blocks: BlockSource | None = None,
) -> Report:
    """Improve an association until no move is acceptable.

    Args:
        association: ``[M, K]`` to start from.
        evaluator: what associations are worth.
        limits: what moves keep.
        settings: how to search.
        blocks: block moves to try, if the settings say so.
    """
    return _Search(association, evaluator, limits, settings).run(blocks if settings.block_moves else None)


class _Search:
    """One run of :func:`improve`."""

    def __init__(
        self, association: BoolArray, evaluator: Evaluator, limits: Limits, settings: MatchingSettings
    ) -> None:
        self.matching = Matching(association, limits)
        self.evaluator = evaluator
        self.settings = settings
        self.accepted = self.blocks = self.evaluations = self.sweeps = 0
        evaluator.load(self.matching.association)
        self.value, self.shortfall = evaluator.current()
        self.values = [self.value]

    def run(self, blocks: BlockSource | None) -> Report:
        self._settle()
        while blocks is not None and self._sweep_blocks(blocks):
            self._settle()
        counts = (self.accepted, self.blocks, self.evaluations, self.sweeps)
        return Report(self.matching.association.copy(), *counts, self.value, self.shortfall, tuple(self.values))

    def _settle(self) -> None:
        sweep = self._sweep_batch if self.settings.order == "batch" else self._sweep_first
        while self.sweeps < self.settings.max_sweeps:
            self.sweeps += 1
            if not sweep():
                break

    def _sweep_batch(self) -> bool:
        """Weigh all moves, then carry them out by gain, each weighed again as others came before it."""
        moves = self.matching.moves(swaps=self.settings.swaps, changes=self.settings.changes)
        touched: set[int] = {-1}
        for index in self._ranked(*self._evaluate(moves)):
            first, second = moves.client[index].tolist()
            if first in touched or (second != -1 and second in touched):
                continue
            if len(touched) > 1 and not self._still_acceptable(moves, index):
                continue
            self._carry_out(moves, index)
            touched.update((first, second))
        return len(touched) > 1

    def _sweep_first(self) -> bool:
        """Client by client: carry the first acceptable move out, until the client has none."""
        before = self.accepted
        for client in range(self.matching.association.shape[1]):
            while (move := self._first_acceptable(client)) is not None:
                self._carry_out(*move)
        return self.accepted > before

    def _first_acceptable(self, client: int) -> tuple[Moves, int] | None:
        moves = self.matching.moves(swaps=self.settings.swaps, changes=self.settings.changes, client=client)
        # growing chunks: few evaluations are wasted where the first is acceptable, few calls made where none is
        start, size = 0, 1
        while start < len(moves.client):
            chunk = Moves(*(part[start : start + size] for part in moves))
            acceptable = np.flatnonzero(self._acceptable(*self._evaluate(chunk)))
            if acceptable.size:
                return chunk, int(acceptable[0])
            start, size = start + size, 2 * size
        return None

    def _sweep_blocks(self, blocks: BlockSource) -> bool:
        """Station by station: adopt the best candidate, if acceptable."""
        before = self.blocks
        for station in range(self.matching.association.shape[0]):
            candidates = list(blocks(self.matching.association.copy(), station))
            if not candidates:
                continue
            outcomes = np.array([self.evaluator.evaluate_association(each) for each in candidates])
            self.evaluations += len(candidates)
            for index in self._ranked(outcomes[:, 0], outcomes[:, 1])[:1]:
                self.matching.load(candidates[index])
                self.evaluator.load(candidates[index])
                self._look()
                self.blocks += 1
        return self.blocks > before

    def _evaluate(self, moves: Moves) -> tuple[FloatArray, FloatArray]:
        self.evaluations += len(moves.client)
        return self.evaluator.evaluate(moves)

    def _still_acceptable(self, moves: Moves, index: int) -> bool:
        if not self.matching.is_legal(moves, index):
            return False
        alone = Moves(*(part[index : index + 1] for part in moves))
        return bool(self._acceptable(*self._evaluate(alone))[0])

    def _carry_out(self, moves: Moves, index: int) -> None:
        self.matching.carry_out(moves, index)
        self.evaluator.apply(moves, index)
        self._look()
        self.accepted += 1

    def _look(self) -> None:
        self.value, self.shortfall = self.evaluator.current()
        self.values.append(self.value)

    def _acceptable(self, value: FloatArray, shortfall: FloatArray) -> BoolArray:
        """Which outcomes are preferred to the present one.

        Source: [FDRAN] Eq. 41, [FDRAN] Eq. 42: clients and stations look at the same value, so that one test serves
        both.
        """
        gain = self.settings.least_gain
        higher = value > self.value + gain * abs(self.value)
        if self.settings.qos == "literal":
            return np.asarray(higher & (shortfall == 0.0))
        rounding = max(gain * self.shortfall, self.settings.shortfall_rounding)
        less = shortfall < self.shortfall - rounding
        return np.asarray(less | ((shortfall <= self.shortfall + rounding) & higher))

    def _ranked(self, value: FloatArray, shortfall: FloatArray) -> IntArray:
        """Acceptable candidates, the best first, ties by index."""
        acceptable = np.flatnonzero(self._acceptable(value, shortfall))
        lacking = ranks(shortfall[acceptable], self.settings.shortfall_rounding or None)
        return acceptable[rising(lacking, -value[acceptable])]
