"""Settings of the controllers of the uplink, named, typed and documented."""

from typing import Annotated, Literal

from pydantic import Field

from voltran.baselines.trimsm.matching import MatchingSettings, Order, QualityRule
from voltran.envs.domains import Share
from voltran.envs.scenario import Section

InnerControl = Literal["eipc", "qopc", "fipc", "direct"]
MoveKinds = Literal["all", "exchanges"]
GainReading = Literal["fading", "amplitude", "estimate"]
FinalControl = Literal["direct", "slmdb", "eipc", "qopc", "fipc"]

# A direct solver ends within its tolerance: smaller gains between two of its optima are none.
LEAST_GAIN: dict[InnerControl, float] = {"eipc": 1e-9, "fipc": 1e-9, "qopc": 1e-7, "direct": 1e-5}


class PeerSettings(Section, strict=True):
    """Settings of controllers without a search.

    Attributes:
        final: power control of the association chosen.
    """

    final: FinalControl = "direct"


class TriMsmSettings(PeerSettings, strict=True):
    """Settings of TriMSM.

    Attributes:
        inner: power control under which moves are weighed.
        order: "first" carries a move out as soon as it is found, as the paper does; "batch" the best of a sweep.
        qos: "literal" accepts a move only if all UEs then have their minimum rate ([FDRAN] Eq. 41); "elastic" also one
            after which they lack less.
        block_moves: whether whole UBSs are put to sleep or woken where no single move helps; not in the paper.
        moves: "exchanges" leaves out moves of a single UE, which the paper's text does not have.
        start_share: of RECP, from which it starts: share of the gain that a UE's UBSs make up.
        eipc_gain: channel gain of EIPC inside: large-scale "fading", its "amplitude" (the square root), or the
            "estimate", what the pilots show of it.
    """

    inner: InnerControl = "eipc"
    order: Order = "batch"
    qos: QualityRule = "elastic"
    block_moves: Literal["on", "off"] = "off"
    moves: MoveKinds = "all"
    start_share: Share = 0.95
    eipc_gain: GainReading = "fading"

    @property
    def matching(self) -> MatchingSettings:
        """The same for the matching core."""
        return MatchingSettings(
            order=self.order,
            qos=self.qos,
            block_moves=self.block_moves == "on",
            changes=self.moves == "all",
            least_gain=LEAST_GAIN[self.inner],
        )


class ExhaustiveSettings(PeerSettings, strict=True):
    """Settings of the exhaustive search.

    Attributes:
        inner: power control under which associations are weighed; "direct" makes it the optimum of both problems.
        most_candidates: associations that it weighs at most; where there are more, it refuses.
    """

    inner: InnerControl = "direct"
    most_candidates: Annotated[int, Field(ge=1, le=1_000_000_000)] = 20_000


class SharedStationsSettings(TriMsmSettings, strict=True):
    """Settings of TriMSM where base stations serve the downlink, too.

    Attributes:
        idle_sleep: probability that a base station without uplink work sleeps.
    """

    idle_sleep: Share = 1.0
