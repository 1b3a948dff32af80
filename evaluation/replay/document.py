"""A recorded episode, and its file: ``recording_bytes`` writes it, ``recording_of`` reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any, Literal

from voltran.envs.errors import FileFormatError
from voltran.envs.replay.stage import Moment, Stage
from voltran.evaluation.replay.moments import described, moments_of
from voltran.evaluation.replay.packing import ArrayReader, ArrayWriter, damaged, packed, unpacked


@dataclass(frozen=True)
class Kpi:
    """What an episode is judged by in the end.

    Attributes:
        key: unique in a recording.
        title: for people, without the unit.
        unit: empty for pure numbers.
        value: in this unit; None where there is none.
        digits: decimals to show.
        better: whether more or less of it is better, or neither.
    """

    key: str
    title: str
    unit: str
    value: float | None
    digits: int = 2
    better: Literal["up", "down"] | None = None


@dataclass(frozen=True)
class Recording:
    """One controller's episode.

    Attributes:
        label: of the controller.
        information: what it knows.
        world: name of the world.
        scenario: name or file of the scenario.
        seed: of the episode.
        version: of VoltRAN.
        stage: everything that can be seen.
        moments: how it stands at the start and after each decision; they keep to :mod:`voltran.envs.replay.rules`.
        kpis: what came of it.
        every: decisions from one moment to the next; more than one where a world has so much to show that the page
            would become too large. The last moment is that of the end, whatever came before it.
    """

    label: str
    information: str
    world: str
    scenario: str
    seed: int
    version: str
    stage: Stage
    moments: Sequence[Moment]
    kpis: Sequence[Kpi] = ()
    every: int = 1


def recording_bytes(recording: Recording) -> bytes:
    """A recording as a file.

    Quantities and strips are rounded to the digits that are shown, places to the 65000th part of the map, and sizes of
    links to four significant digits; all else is kept as it is.
    """
    return together([recording])


def recording_of(content: bytes, name: str = "recording") -> Recording:
    """The recording in a file.

    Args:
        content: of the file.
        name: of the file, for messages.

    Raises:
        FileFormatError: no recording, one of another version, or one that was cut or damaged.
    """
    header, arrays = unpacked(content, name)
    try:
        (only,) = header["recordings"]
        return _recording(only, arrays)
    except FileFormatError:
        raise
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise damaged(name, error) from error


def together(recordings: Sequence[Recording], more: Sequence[Mapping[str, Any]] = ()) -> bytes:
    """Several recordings as one content, in which what they share stands once.

    Args:
        recordings: one or more.
        more: what else to say of each, for who shows them.
    """
    arrays = ArrayWriter()
    headers = [_header(recording, arrays) for recording in recordings]
    said = [{**header, **extra} for header, extra in zip(headers, more or [{}] * len(headers), strict=True)]
    return packed({"recordings": said}, arrays)


WORDS = ("label", "information", "world", "scenario", "seed", "version", "every")


def _header(recording: Recording, arrays: ArrayWriter) -> dict[str, Any]:
    said = {word: getattr(recording, word) for word in WORDS}
    shown = described(recording.stage, recording.moments, arrays)
    said["seed"] = str(int(recording.seed))  # a browser's numbers hold no seed beyond 2**53
    return {**said, "kpis": [_finite(kpi) for kpi in recording.kpis], **shown}


def _finite(kpi: Kpi) -> dict[str, Any]:
    """JSON knows no NaN."""
    value = kpi.value if kpi.value is not None and isfinite(kpi.value) else None
    return {**asdict(kpi), "value": None if value is None else float(value)}


def _recording(header: dict[str, Any], arrays: ArrayReader) -> Recording:
    stage, moments = moments_of(header, arrays)
    kpis = [Kpi(**kpi) for kpi in header["kpis"]]
    said = {**{word: header[word] for word in WORDS}, "seed": int(header["seed"])}
    return Recording(**said, stage=stage, moments=moments, kpis=kpis)
