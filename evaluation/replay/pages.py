"""The page of an evaluation: what was recorded of it, found by its results file."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from voltran.envs.errors import FileFormatError
from voltran.evaluation.files import write_text
from voltran.evaluation.replay.document import Recording, recording_of
from voltran.evaluation.replay.packing import REMEDY
from voltran.evaluation.replay.page import page
from voltran.evaluation.results import Results

REPLAY_FILE = "replay.html"


def write_replay(results: Results, folder: Path, to: Path | None = None) -> Path | None:
    """Write the page on which the recorded episodes of an evaluation play.

    Args:
        results: what was evaluated.
        folder: where ``results.json`` lies.
        to: the page; ``replay.html`` beside it by default.

    Returns:
        The page; None where nothing was recorded.

    Raises:
        FileFormatError: a recording that is missing, damaged, foreign or of another version; nothing is written.
        VoltranError: the page cannot be written; an earlier one stays as it was.
    """
    recordings = list(_recordings(results, folder))
    if not recordings:
        return None
    path = folder / REPLAY_FILE if to is None else to
    write_text(path, page(recordings))
    return path


def shown(results: Results) -> str:
    """What the page shows, and whom it leaves out, in a few words."""
    left_out = [label for label, controller in results.controllers.items() if controller.recording is None]
    without = f"; without {', '.join(left_out)}" if left_out else ""
    return f"(seed {results.replay_seed}{without})"


def _recordings(results: Results, folder: Path) -> Iterator[Recording]:
    """The recordings that the results name, under the names that these give to everything."""
    for label, controller in results.controllers.items():
        if controller.recording is None:
            continue
        path = folder / controller.recording
        try:
            content = path.read_bytes()
        except OSError as error:
            raise FileFormatError(f"recording {path}: cannot be read ({error.strerror}); {REMEDY}") from error
        recording = recording_of(content, f"recording {path}")
        if recording.seed != results.replay_seed:
            raise FileFormatError(
                f"recording {path}: seed = {recording.seed}, expected {results.replay_seed}; {REMEDY}"
            )
        yield replace(recording, label=label, world=results.world, scenario=results.scenario)
