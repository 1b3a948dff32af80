"""Stored episodes are outdated by the code that they depend on, and by no other."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import ROOMS, ROOT, imports
from voltran.train.sources import closure

OUTAGE, RULES, PLANNER = (
    "voltran.envs.outage.world",
    "voltran.baselines.rules",
    "voltran.baselines.msrc.controller",
)


def test_what_an_episode_depends_on_is_closed_under_imports() -> None:
    found = closure(frozenset({OUTAGE, PLANNER}))
    assert {OUTAGE, PLANNER, RULES, "voltran.physics.balance", "voltran.baselines.msrc.search"} <= found.keys()
    assert not {name for name in found if name.startswith(("voltran.train", "voltran.agents"))}
    for path in found.values():
        for item in imports(path.relative_to(ROOT).as_posix(), path.read_text()):
            is_module = (ROOT / item.target.removeprefix("voltran.").replace(".", "/")).with_suffix(".py").exists()
            assert item.target in found or item.top != "voltran" or not is_module


def test_rules_do_not_depend_on_the_planner() -> None:
    assert not {name for name in closure(frozenset({OUTAGE, RULES})) if "msrc" in name}


@pytest.mark.parametrize(
    ("changed", "outdates"),
    [
        ("physics/power.py", {"rules", "planner"}),
        ("envs/outage/repair.py", {"rules", "planner"}),
        ("baselines/msrc/search.py", {"planner"}),
        ("baselines/registry.py", set()),
        ("train/tables.py", set()),
        ("envs/outage/table.yaml", {"rules", "planner"}),
    ],
)
def test_a_change_outdates_what_depends_on_it(tmp_path: Path, changed: str, outdates: set[str]) -> None:
    for room in (*ROOMS, "voltran"):
        shutil.copytree(ROOT / room, tmp_path / "voltran" / room, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "voltran" / "__init__.py").write_text((ROOT / "voltran" / "__init__.py").read_text())
    before = digests(tmp_path)
    with (tmp_path / "voltran" / changed).open("a") as file:
        file.write("\n# a remark\n")
    after = digests(tmp_path)
    assert {name for name in before if before[name] != after[name]} == outdates


def digests(folder: Path) -> dict[str, str]:
    program = f"""
from voltran.train.sources import source_digest
print(source_digest(frozenset({{{OUTAGE!r}, {RULES!r}}})), source_digest(frozenset({{{OUTAGE!r}, {PLANNER!r}}})))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return dict(zip(("rules", "planner"), done.stdout.split(), strict=True))
