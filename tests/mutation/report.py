"""What came of a sample, in numbers."""

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.mutation.mutant import Mutant
from tests.mutation.records import Tried


def counts(tried: Sequence[Tried], equivalent: Collection[Mutant]) -> dict[str, Any]:
    """How many mutants there are, were killed, survived, change nothing; ``killed_share`` leaves out the last ones."""
    alive = [one for one in tried if one.survived]
    same = sum(one.mutant in equivalent for one in alive)
    killed, total = len(tried) - len(alive), len(tried)
    share = killed / (total - same) if total > same else 1.0
    return {
        "mutants": total,
        "killed": killed,
        "survived": total - killed - same,
        "equivalent": same,
        "killed_share": round(share, 4),
    }


def summary(tried: Sequence[Tried], equivalent: Collection[Mutant], about: Mapping[str, Any]) -> dict[str, Any]:
    """Counts of all, per module and per kind of mistake, and the survivors."""
    modules = sorted({one.mutant.module for one in tried})
    families = sorted({one.mutant.family for one in tried})
    return {
        **about,
        **counts(tried, equivalent),
        "cpu_s": round(sum(one.cpu_s for one in tried)),
        "modules": {name: counts([one for one in tried if one.mutant.module == name], equivalent) for name in modules},
        "kinds": {name: counts([one for one in tried if one.mutant.family == name], equivalent) for name in families},
        "survivors": [_shown(one) for one in tried if one.survived and one.mutant not in equivalent],
    }


def _shown(tried: Tried) -> dict[str, str]:
    place = tried.mutant
    return {"module": place.module, "function": place.function, "line": place.line, "became": tried.change}


def write(path: Path, found: Mapping[str, Any]) -> None:
    """Write a summary."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def table(found: Mapping[str, Any]) -> str:
    """A table in Markdown: a row per module."""
    rows = [
        "| module | mutants | killed | survived | equivalent |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, part in [*found["modules"].items(), ("all", found)]:
        rows.append(
            f"| {name if name == 'all' else f'`{name}`'} | {part['mutants']} | {part['killed']} | {part['survived']} "
            f"| {part['equivalent']} |"
        )
    share = f"{100.0 * found['killed_share']:.1f} % of those that are not equivalent are killed"
    return "\n".join([*rows, "", f"{share}; {found['cpu_s'] / 60.0:.0f} minutes of one processor's time."])


def survivors(found: Mapping[str, Any]) -> str:
    """The mistakes that nobody noticed."""
    return "\n".join(
        f"{one['module']}, {one['function']}: {one['line']}\n    became {one['became']}" for one in found["survivors"]
    )
