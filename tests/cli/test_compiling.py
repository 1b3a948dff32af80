"""The first run says that it compiles, once and on standard error; later ones, and libraries, say nothing."""

import os
import subprocess
import sys
from pathlib import Path

from tests.house import ROOT
from voltran.cli.compiling import NOTICE

SMALL = """
import numpy as np
import typer
from voltran.cli.compiling import PlayingCommand, kernels_kept
from voltran.physics.ordering import rising_sites, surpasses

rising_sites(np.array([2.0, 1.0]))  # as a library does

def play() -> None:
    surpasses(2.0, 1.0)
    surpasses(2, 1)
    print(kernels_kept())

app = typer.Typer()
app.command(cls=PlayingCommand)(play)
app()
"""


def run(program: str, cache: Path) -> tuple[str, str]:
    environment = os.environ | {"NUMBA_CACHE_DIR": str(cache), "COLUMNS": "300"}
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip(), done.stderr.strip()


def test_compiling_is_said_once_and_by_commands_alone(tmp_path: Path) -> None:
    assert run(SMALL, tmp_path / "cold") == ("2", NOTICE)  # of two kernels one, though of two types
    assert run(SMALL, tmp_path / "cold") == ("2", "")
