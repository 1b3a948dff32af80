"""The pages of docs/performance*.md: what the words mean, the machine, the aims, and every table."""

from benchmarks.measure import Section, number
from voltran.evaluation.markdown import markdown_row, markdown_rule

PREFACE = """\
Written by `make bench` (`python -m benchmarks`), each page in one run. Words for speed:

- A **physics step** is one world advanced by one physics step of the scenario (60 s of simulated time by default).
- It is **fresh** if who serves whom, at what rate and power, is computed anew, and **cached** if that still holds from
  the step before, because no command, demand or live site has changed. Both give the same bits. With plans that change
  every 15 minutes one step in 15 is fresh, and each step after a site went down or came back.
- A **decision** is one agent's action for one decision period (15 minutes by default). In a network of 19 sites a
  period has 19 decisions and 15 physics steps.

Times are CPU time of one process with one thread, medians over repeats, compilation and first calls left out; wall time
stands beside them. On a busy machine wall times are longer, and CPU times, too: compare figures of one run only.
"""


AIMS = (
    "Aims are times on one core of a particular machine; the last section of [performance](performance.md) says how "
    "fast this one is beside it."
)


def report(sections: list[Section], machine: list[tuple[str, str]], quick: bool, title: str = "Performance") -> str:
    """The whole page."""
    parts = [f"# {title}\n", PREFACE]
    if quick:
        parts.append("**A quick run: few repeats, for checking that the benchmarks work. Do not cite its figures.**\n")
    parts.append(_table(["machine", ""], [list(pair) for pair in machine]))
    aims = _aims(sections)
    if aims:
        parts.append(f"## Aims\n\n{AIMS}\n\n" + _table(["figure", "measured", "aim", ""], aims))
    for section in sections:
        parts.append(f"## {section.title}\n\n{section.text}\n\n" + _table(section.head, section.rows))
    return "\n".join(parts)


def _aims(sections: list[Section]) -> list[list[str]]:
    rows = []
    for aim in (aim for section in sections for aim in section.aims):
        sign = "≤" if aim.at_most else "≥"
        unit = f" {aim.unit}".rstrip()
        verdict = "reached" if aim.is_met else "not reached"
        rows.append([aim.name, f"{number(aim.value)}{unit}", f"{sign} {number(aim.limit)}{unit}", verdict])
    return rows


def _table(head: list[str], rows: list[list[str]]) -> str:
    return "".join([markdown_row(head), markdown_rule(1, len(head) - 1), *(markdown_row(row) for row in rows)])
