"""Stored episodes are outdated by the code that they depend on, and by no other."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import ROOMS, ROOT, imports
from voltran.evaluation.code_digest import closure

OUTAGE, RULES, PLANNER = (
    "voltran.envs.blackout.world",
    "voltran.baselines.rules",
    "voltran.baselines.msrc.controller",
)


def test_what_an_episode_depends_on_is_closed_under_imports() -> None:
    found = closure(frozenset({OUTAGE, PLANNER}))
    assert {OUTAGE, PLANNER, RULES, "voltran.physics.balance", "voltran.baselines.msrc.search"} <= found.keys()
    assert not {name for name in found if name.startswith(("voltran.train", "voltran.agents"))}
    # Says to type checkers only where the names that the room offers are from.
    rooms = {ROOT / "voltran" / "envs" / "__init__.py"}
    for path in set(found.values()) - rooms:
        for item in imports(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")):
            is_module = (ROOT / item.target.removeprefix("voltran.").replace(".", "/")).with_suffix(".py").exists()
            assert item.target in found or item.top != "voltran" or not is_module


def test_rules_do_not_depend_on_the_planner() -> None:
    assert not {name for name in closure(frozenset({OUTAGE, RULES})) if "msrc" in name}


@pytest.mark.parametrize(
    ("changed", "outdates"),
    [
        ("physics/power.py", {"rules", "planner"}),
        ("baselines/msrc/search.py", {"planner"}),
        ("baselines/registry.py", set()),
        ("envs/blackout/table.yaml", {"rules", "planner"}),
    ],
)
def test_a_change_outdates_what_depends_on_it(unchanged: Path, changed: str, outdates: set[str]) -> None:
    file = unchanged / "voltran" / changed
    text = file.read_text(encoding="utf-8") if file.exists() else None
    file.write_text(f"{text or ''}\n# a remark\n")
    after = digests(unchanged)
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    before = json.loads((unchanged / "digests.json").read_text(encoding="utf-8"))
    assert {name for name in before if before[name] != after[name]} == outdates


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package, with the digests it has as it is."""
    folder = tmp_path_factory.mktemp("copy")
    for room in (*ROOMS, "voltran"):
        shutil.copytree(ROOT / room, folder / "voltran" / room, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "voltran" / "__init__.py").write_text((ROOT / "voltran" / "__init__.py").read_text(encoding="utf-8"))
    (folder / "digests.json").write_text(json.dumps(digests(folder)))
    return folder


def digests(folder: Path) -> dict[str, str]:
    program = f"""
from voltran.evaluation.code_digest import source_digest
print(source_digest(frozenset({{{OUTAGE!r}, {RULES!r}}})), source_digest(frozenset({{{OUTAGE!r}, {PLANNER!r}}})))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return dict(zip(("rules", "planner"), done.stdout.split(), strict=True))


def test_what_only_type_checkers_read_decides_nothing() -> None:
    """A room says to them where the names that it offers are from, and loads these when somebody asks for one."""
    assert "voltran.envs.registry" in closure(frozenset({"voltran.envs"}))
    assert "voltran.envs.environment_functions" not in closure(frozenset({"voltran.envs"}))
