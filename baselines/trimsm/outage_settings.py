"""Every coefficient of TriMSM in the outage, named, typed and documented."""

from typing import Annotated, Literal

from pydantic import Field

from voltran.envs.scenario import Section

Positive = Annotated[float, Field(gt=0.0)]
NonNegative = Annotated[float, Field(ge=0.0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class TrimsmSettings(Section, strict=True):
    """Settings of TriMSM as a controller of the outage.

    Attributes:
        mu: price of shed demand: a network that sheds everybody costs ``mu`` times as much as its sites' normal
            operation.
        q: exponent of power per energy; 1 prices power by scarcity, large values lengthen the shortest lifetime.
        block_moves: whether whole sites may be put to sleep and woken; single moves alone hardly ever do.
        command_set: "extended" chooses bands within a mode; "paper" has one band set per mode.
        floor: share of the demand of emergency, voice and essential users that comes before everything else; what lies
            above it, and best effort, has the price ``mu``.
        reading: "literal": band sets must carry all that is matched, a site that lost clusters to others is assisted,
            and only the clusters of a site that goes to sleep are placed anew. "adapted": modes, bands and places
            foresee what the outage's world makes of them.
        candidate_servers: sites that may serve one cluster.
        max_sweeps: passes over all single moves.
    """

    mu: NonNegative = 10.0
    q: Positive = 1.0
    block_moves: Literal["on", "off"] = "on"
    command_set: Literal["extended", "paper"] = "extended"
    floor: Share = 0.97
    reading: Literal["adapted", "literal"] = "adapted"
    candidate_servers: Annotated[int, Field(ge=1)] = 7
    max_sweeps: Annotated[int, Field(ge=1)] = 20
