"""``python -m tests.mutation``: make small mistakes, one at a time, and count those that the tests notice.

Runs in an environment of its own, which has Cosmic Ray; the tests run in the project's.
"""

import subprocess
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import Annotated, Any

import typer

from tests.mutation import mutants, records, report
from tests.mutation.mutant import Mutant
from tests.mutation.records import Tried
from tests.mutation.trees import TestsFailed, Tree

ROOT = Path(__file__).resolve().parents[2]
SAMPLE_SIZE = 400
AIM = 0.85
QUICK_MODULES = ("physics/battery.py", "physics/ledger.py")
QUICK_MUTANTS = 4
# A mistake may make tests slower; one that makes them this much slower has been noticed.
SLOWER, AT_LEAST_S = 5.0, 10.0


@dataclass
class Trials:
    """Mutants, tried in several trees at a time; what was tried before is not tried again.

    Attributes:
        trees: where; each is used by one thread at a time.
        tests: module -> files of tests.
        results: file that every mutant adds a line to.
        fresh: try again what was tried before.
    """

    trees: list[Tree]
    tests: dict[str, list[str]]
    results: Path
    fresh: bool = False
    _free: "Queue[Tree]" = field(default_factory=Queue)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Lay out the trees."""
        for tree in self.trees:
            self._free.put(tree)

    def limits_s(self, modules: list[str]) -> dict[str, float]:
        """How long the tests of modules may take: they pass when nothing is wrong, and see that a module is broken.

        Raises:
            TestsFailed: they do not.
        """
        return dict(self._each(self._limit_s, modules))

    def play(self, chosen: list[Mutant]) -> Iterator[Tried]:
        """Try mutants, or say what came of them before."""
        known = {} if self.fresh else records.read_tried(self.results)
        valid = {mutant: one for mutant, one in known.items() if self._still_holds(one)}
        waiting = [mutant for mutant in chosen if mutant not in valid]
        limits = self.limits_s(sorted({mutant.module for mutant in waiting}))
        yield from (valid[mutant] for mutant in chosen if mutant in valid)
        yield from self._each(lambda tree, mutant: self._try(tree, mutant, limits[mutant.module]), waiting)

    def _each(self, work: Any, items: list[Any]) -> Iterator[Any]:
        def with_tree(item: Any) -> Any:
            tree = self._free.get()
            try:
                return work(tree, item)
            finally:
                self._free.put(tree)

        with ThreadPoolExecutor(len(self.trees)) as threads:
            yield from threads.map(with_tree, items)

    def _limit_s(self, tree: Tree, module: str) -> tuple[str, float]:
        sound = tree.run(self.tests[module], sound=True)
        if sound["outcome"] != records.SURVIVED:
            where = sound["test"] or sound["outcome"]
            raise TestsFailed(f"{module}: its tests fail although nothing is wrong: {where}")
        source = (tree.folder / module).read_text(encoding="utf-8")
        with tree.holding(module, source + "\nraise RuntimeError\n"):
            broken = tree.run(self.tests[module])
        if broken["outcome"] == records.SURVIVED:
            raise TestsFailed(f"{module}: its tests pass when it cannot be imported; do they import the copy?")
        typer.echo(f"{sound['cpu_s']:9.1f} s {module}: its tests, with nothing wrong", err=True)
        return module, AT_LEAST_S + SLOWER * float(sound["cpu_s"])

    def _try(self, tree: Tree, mutant: Mutant, limit_s: float) -> Tried:
        source = (tree.folder / mutant.module).read_text(encoding="utf-8")
        code = mutants.mutated(mutant, source)
        with tree.holding(mutant.module, code):
            answer = tree.run(self.tests[mutant.module], limit_s)
        noticed_by = [answer["test"]] if answer["test"] else self.tests[mutant.module]
        tried = Tried(
            mutant,
            answer["outcome"],
            answer["test"],
            round(answer["cpu_s"], 2),
            mutants.change(source, code),
            records.digest(ROOT, [mutant.module]),
            records.digest(ROOT, noticed_by),
        )
        with self._lock:
            records.append_tried(self.results, tried)
        typer.echo(f"{tried.outcome:>11} {mutant.module} {mutant.function}: {tried.change}", err=True)
        return tried

    def _still_holds(self, tried: Tried) -> bool:
        """Neither the module has changed nor the tests: the one that noticed, or all if none did."""
        noticed_by = [tried.test] if tried.test else self.tests.get(tried.mutant.module, [])
        return tried.module_digest == records.digest(ROOT, [tried.mutant.module]) and (
            tried.tests_digest == records.digest(ROOT, noticed_by)
        )


def main(
    out: Annotated[Path, typer.Option(help="Folder of what comes of it; continues what lies there.")],
    python: Annotated[Path, typer.Option(help="Of the environment in which the tests run.")] = Path(".venv/bin/python"),
    whole: Annotated[bool, typer.Option("--all", help="All mutants, not the sample; takes hours.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="A few mutants: shows that everything works.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Try again what has been tried.")] = False,
    jobs: Annotated[int, typer.Option(help="Trees worked in at a time.", min=1)] = 2,
    module: Annotated[list[str] | None, typer.Option(help="Only this module; may be repeated.")] = None,
    draw: Annotated[int | None, typer.Option(help="Draw a new sample with this seed, and stop.", min=0)] = None,
    publish: Annotated[Path | None, typer.Option(help="Write the summary to this file, too.")] = None,
) -> None:
    """Try the mutants of the sample, and fail if too few are noticed."""
    tests = records.tests_of(ROOT)
    if draw is not None:
        drawn = records.draw((one for name in tests for one in mutants.module_mutants(ROOT, name)), SAMPLE_SIZE, draw)
        records.write_mutants(ROOT / records.SAMPLE, drawn)
        typer.echo(f"wrote {records.SAMPLE}: {len(drawn)} mutants")
        return
    chosen = _chosen(list(tests), whole, quick, module)
    found = _play(chosen, tests, out, python, jobs, fresh)
    report.write(out / "mutation.json", found)
    if publish is not None:
        report.write(publish, found)
    typer.echo(f"{report.table(found)}\n\n{report.survivors(found)}")
    if not quick and found["killed_share"] < AIM:
        raise typer.Exit(1)


def _chosen(modules: list[str], whole: bool, quick: bool, only: list[str] | None) -> list[Mutant]:
    if whole:
        chosen = [mutant for name in modules for mutant in mutants.module_mutants(ROOT, name)]
    else:
        chosen = records.read_mutants(ROOT / records.SAMPLE)
    if quick:
        return [mutant for mutant in chosen if mutant.module in QUICK_MODULES][:QUICK_MUTANTS]
    return [mutant for mutant in chosen if not only or mutant.module in only]


def _play(
    chosen: list[Mutant], tests: dict[str, list[str]], out: Path, python: Path, jobs: int, fresh: bool
) -> dict[str, Any]:
    # Not resolved: an environment's interpreter is a link, and known by where it lies.
    python = python if python.is_absolute() else ROOT / python
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        trees: list[Tree] = []
        try:
            trees.extend(Tree(ROOT, Path(folder, str(number)), python) for number in range(jobs))
            tried = list(Trials(trees, tests, out / "tried.csv", fresh).play(chosen))
        except (TestsFailed, LookupError) as error:
            raise SystemExit(f"error: {error}") from error
        finally:
            for tree in trees:
                tree.close()
    return report.summary(tried, records.reasons(ROOT), {"commit": _commit()})


def _commit() -> str:
    described = subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True)
    return described.stdout.strip()


if __name__ == "__main__":
    typer.run(main)
