"""Files of mutants: the sample, those that change nothing, and what came of those that were tried."""

import csv
import hashlib
import random
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutation.mutant import COLUMNS, Mutant, as_row, from_row

HERE = Path("tests/mutation")
SAMPLE, EQUIVALENT, MODULES = HERE / "sample.csv", HERE / "equivalent.csv", HERE / "modules.toml"
MEASURED = HERE / "measured.json"
TRIED = ("outcome", "test", "cpu_s", "change", "module_digest", "tests_digest")
SURVIVED = "passed"


@dataclass(frozen=True)
class Tried:
    """What came of a mutant.

    Attributes:
        mutant: what was tried.
        outcome: of its tests: "passed" if nobody noticed.
        test: the first that failed.
        cpu_s: the processor's time.
        change: the mistaken line.
        module_digest: of the text of the module.
        tests_digest: of the files of tests that it needs to be rerun for: the one that failed, or all.
    """

    mutant: Mutant
    outcome: str
    test: str
    cpu_s: float
    change: str
    module_digest: str
    tests_digest: str

    @property
    def survived(self) -> bool:
        """Whether no test noticed."""
        return self.outcome == SURVIVED


def tests_of(root: Path) -> dict[str, list[str]]:
    """Module -> files of tests."""
    listed: dict[str, list[str]] = tomllib.loads((root / MODULES).read_text(encoding="utf-8"))["modules"]
    return listed


def draw(mutants: Iterable[Mutant], count: int, seed: int) -> list[Mutant]:
    """A sample in which every module and every kind of mistake has its share.

    Mutants are put in order of module and kind, within which chance decides, and every so many-eth is taken.
    """
    generator = random.Random(seed)
    ordered = sorted(mutants)
    places = {mutant: generator.random() for mutant in ordered}
    ordered.sort(key=lambda mutant: (mutant.module, mutant.family, places[mutant]))
    count = min(count, len(ordered))
    step, first = len(ordered) / count, generator.random()
    return sorted(ordered[int((first + place) * step)] for place in range(count))


def read_mutants(path: Path) -> list[Mutant]:
    """Mutants of a file; further columns are left out."""
    return [from_row(row) for row in _rows(path)]


def reasons(root: Path) -> dict[Mutant, str]:
    """Mutants that no test can notice, and why not."""
    return {from_row(row): row["reason"] for row in _rows(root / EQUIVALENT)}


def write_mutants(path: Path, mutants: Sequence[Mutant]) -> None:
    """Write a sample."""
    _write(path, COLUMNS, [as_row(mutant) for mutant in mutants])


def read_tried(path: Path) -> dict[Mutant, Tried]:
    """What is known of mutants that were tried; the latest counts."""
    rows = _rows(path) if path.exists() else []
    return {from_row(row): _tried(row) for row in rows}


def append_tried(path: Path, tried: Tried) -> None:
    """Add a line."""
    row = as_row(tried.mutant) | {name: str(getattr(tried, name)) for name in TRIED}
    if not path.exists():
        _write(path, COLUMNS + TRIED, [])
    with path.open("a", encoding="utf-8", newline="") as file:
        csv.DictWriter(file, COLUMNS + TRIED, lineterminator="\n").writerow(row)


def digest(root: Path, paths: Iterable[str]) -> str:
    """Of the texts of files; what follows ``::`` or is an option counts as text."""
    hashed = hashlib.sha256()
    for path in paths:
        file = root / path.partition("::")[0]
        hashed.update(path.encode() + (file.read_bytes() if file.is_file() else b""))
    return hashed.hexdigest()[:16]


def _tried(row: Mapping[str, str]) -> Tried:
    kept = {name: row[name] for name in TRIED if name != "cpu_s"}
    return Tried(from_row(dict(row)), cpu_s=float(row["cpu_s"]), **kept)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _write(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
