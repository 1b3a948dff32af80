"""What ``import voltran`` offers."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import voltran
from tests.house import ROOT
from voltran.baselines.msrc.controller import Msrc
from voltran.envs.errors import ScenarioError
from voltran.envs.faces.central import CentralFace
from voltran.envs.faces.parallel import ParallelFace
from voltran.envs.team import Team


def run(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True)


def test_every_name_is_there_and_listed() -> None:
    assert set(voltran._HOMES) | {"__version__"} == set(voltran.__all__)
    assert set(voltran.__all__) <= set(dir(voltran))
    for name in voltran.__all__:
        found = getattr(voltran, name)
        assert name == "__version__" or (callable(found) and found.__doc__)
    with pytest.raises(AttributeError, match="no attribute 'unicorn'; it offers"):
        voltran.unicorn  # noqa: B018


def test_importing_it_loads_nothing_else() -> None:
    program = "import sys, voltran; print([name for name in sys.modules if name.startswith(('voltran.', 'numpy'))])"
    assert run("-c", program).stdout.strip() == "['voltran.offered']"


def test_the_names_in_its_description_exist() -> None:
    described = voltran.__doc__ or ""
    assert all(name in described for name in voltran.__all__ if not name.startswith("_"))


@pytest.mark.parametrize(("face", "kind"), [("parallel", ParallelFace), ("central", CentralFace)])
def test_environments_by_world_or_by_scenario(face: Any, kind: type) -> None:
    for arguments in (("blackout_v0", "toy3"), ("toy3",), ("voltran.envs.blackout:WORLD", "toy3")):
        env: Any = voltran.make(*arguments, face=face, reward="local")
        assert isinstance(env.unwrapped, kind)
        built: Any = env.unwrapped
        assert built.world.scenario.name == "toy3"
    usual: Any = voltran.make("blackout_v0")
    assert usual.world.scenario.name == "urban19-medium"
    assert voltran.make("toy3", face="aec").possible_agents == ["bs_0", "bs_1", "bs_2"]
    assert voltran.make("toy3", face="vector", n_worlds=2).num_envs == 6


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("blakout_v0",), {}, r"make: 'blakout_v0' is no world \(blackout_v0, .*unknown scenario 'blakout_v0'"),
        (("blakout_v0", "toy3"), {}, "world = 'blakout_v0' is unknown; known worlds: "),
        (("market_v0", "toy3"), {}, "scenario toy3 is played in blackout_v0, not in market_v0"),
        (("toy3",), {"face": "round"}, "face = 'round' is unknown; use one of parallel, aec, central, vector"),
        (("toy3",), {"colour": 1}, "blackout_v0 has no option 'colour'"),
    ],
)
def test_environments_that_do_not_exist(arguments: tuple[str, ...], options: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        voltran.make(*arguments, **options)


def test_controllers_and_teams() -> None:
    controller = voltran.make_controller("msrc:evaluations=50")
    assert isinstance(controller, Msrc)
    assert controller.settings.evaluations == 50
    assert voltran.make_controller("rotating-sleep", keep_helper=2).keep_helper == 2  # type: ignore[attr-defined]
    assert isinstance(voltran.make_controller("bs=msrc+retailer=dpa"), Team)
    with pytest.raises(ScenarioError, match="names 2 controllers; name one"):
        voltran.make_controller("msrc,dpa")


def test_python_runs_the_package_as_the_command_line() -> None:
    assert run("-m", "voltran", "--version").stdout == f"voltran {voltran.__version__}\n"


def test_the_command_line_finds_modules_where_it_runs(tmp_path: Path) -> None:
    (tmp_path / "at_home.py").write_text(
        "from voltran.baselines.rules import RotatingSleep\n\nclass Mine(RotatingSleep):\n    name = 'mine'\n",
        encoding="utf-8",
    )
    (tmp_path / "who.txt").write_text("at_home:Mine  # ours\nindependent\n", encoding="utf-8")
    program = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\nfrom voltran.cli.app import app\n"
    program += "if __name__ == '__main__':\n    app()\n"
    script = tmp_path / "elsewhere" / "voltran.py"
    script.parent.mkdir()
    script.write_text(program, encoding="utf-8")
    wanted = ["--scenario", "toy3", "--controllers", "@who.txt", "--seeds", "2", "--jobs", "2"]
    done = run("-P", str(script), "evaluate", *wanted, "--out", "out", "--reference", "at_home:Mine", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "at_home:Mine" in (tmp_path / "out" / "table.md").read_text(encoding="utf-8")
