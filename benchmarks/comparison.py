"""Other simulators in the same run, on the same machine, timed by the same clock."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.measure import Section, number

ROOT = Path(__file__).resolve().parent.parent
PEERS = Path(__file__).resolve().parent / "peers"
INTERPRETER = ROOT / ".venv-bench" / "bin" / "python"
TEXT = (
    "Random play for the same wall time each, one process, one thread, per second of CPU time. *Steps* count the steps "
    "of all worlds; a *decision* is one agent's action. The simulators do different work: a step of VoltRAN covers 15 "
    "minutes in 15 physics steps with 1000 users, one of mobile-env moves and connects 30 users once, and VMAS moves "
    "discs."
)


# Steps per second (step only) of the same cases on the machine for which the aims were set.
YARDSTICKS = {
    "mobile-env 2.1.0, large, central": 46.0,
    "mobile-env 2.1.0, large, multi-agent": 30.0,
    "VMAS 1.5.2, simple_spread": 23_981.0,
}


def comparison(quick: bool) -> Section:
    """Steps and decisions per second, ours and others'."""
    head = [
        "simulator",
        "worlds",
        "agents",
        "users",
        "steps/s, step only",
        "steps/s, whole loop",
        "decisions/s, step only",
    ]
    section = Section("Beside other simulators", TEXT, head)
    seconds = "1" if quick else "8"
    ours = [sys.executable, "-m", "benchmarks.peers.play_voltran", seconds]
    section.rows += _parsed(subprocess.run(ours, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True))
    for name, script in (("mobile-env", "play_mobile_env.py"), ("VMAS", "play_vmas.py")):
        section.rows += _rows(name, [str(INTERPRETER), str(PEERS / script), seconds])
    section.text += yardstick(section.rows)
    return section


def yardstick(rows: list[list[str]]) -> str:
    """How fast this machine is, in terms of the one for which the aims were set; empty where no peer was measured."""
    measured = {row[0]: "".join(row[4].split()) for row in rows}
    ratios = [
        f"{name} {number(float(measured[name]) / reference)}"
        for name, reference in YARDSTICKS.items()
        if measured.get(name, "—") != "—"
    ]
    if not ratios:
        return ""
    told = "; ".join(ratios)
    return f"\n\nThis machine's speed relative to the one for which the aims were set, by the same peers: {told}."


def _rows(name: str, command: list[str]) -> list[list[str]]:
    """The rows of another simulator's script, or one that says why there are none."""
    if not Path(command[0]).exists():
        return [[f"{name}: not measured, as it is not installed (`make bench` does that)", *["—"] * 6]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return [[f"{name}: not measured ({reason})", *["—"] * 6]]
    return _parsed(done)


def _parsed(done: subprocess.CompletedProcess[str]) -> list[list[str]]:
    return [_row(json.loads(line)) for line in done.stdout.splitlines() if line.startswith("{")]


def _row(found: dict[str, Any]) -> list[str]:
    step_rate, loop_rate = found["steps"] / found["step_cpu_s"], found["steps"] / found["cpu_s"]
    rates = (step_rate, loop_rate, step_rate * found["agents"])
    return [
        found["case"],
        str(found["worlds"]),
        str(found["agents"]),
        found["users"],
        *(number(rate) for rate in rates),
    ]
