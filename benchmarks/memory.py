"""Peak memory, each case in a process of its own."""

import subprocess
import sys

from benchmarks.measure import Section

CASES = {
    "`import voltran.envs`": "import voltran.envs",
    "one world of urban19-medium, stepped once": "play('urban19-medium', 1)",
    "32 worlds of urban19-medium, stepped once": "play('urban19-medium', 32)",
    "32 worlds of urban61-medium, stepped once": "play('urban61-medium', 32)",
    "`import voltran.train.ppo` (torch, Stable-Baselines3)": "import voltran.train.ppo",
}
# The size that getrusage reports would be at least that of the process that started this one.
PROGRAM = """
def play(scenario, n_worlds):
    from voltran.baselines import make
    from voltran.envs.registry import make_world
    world = make_world(scenario, n_worlds)
    world.reset(range(n_worlds))
    world.step(make("independent").act(world))

{case}
try:
    with open("/proc/self/status") as status:
        print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
except FileNotFoundError:
    pass  # only Linux tells
"""


def memory(quick: bool) -> Section:
    """Largest resident size of a process that does one thing."""
    section = Section("Memory", "Peak resident memory of a process that does this and nothing else.", ["case", "MiB"])
    for name, case in list(CASES.items())[: 3 if quick else None]:
        program = [sys.executable, "-c", PROGRAM.format(case=case)]
        kib = subprocess.run(program, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        section.rows.append([name, f"{int(kib) / 1024:.0f}" if kib else "—"])
    return section
