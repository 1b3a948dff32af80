"""Results say what machine and what versions they were made with."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest

from tests.house import ROOT
from voltran.evaluation import machine
from voltran.evaluation.machine import elementary_functions, instruction_level, processor, system
from voltran.evaluation.versions import versions

OFF = "NPY_DISABLE_CPU_FEATURES"
PRINTED = (
    "from voltran.evaluation.machine import elementary_functions, instruction_level\n"
    "import numpy as np\n"
    "x = np.linspace(0.1, 9.0, 4096)\n"
    "print(elementary_functions(), np.log(x).tobytes().hex()[:4000] if {whole} else '-', instruction_level())\n"
)


def elsewhere(*disabled: str) -> list[str]:
    """What another process finds, with these of NumPy's instructions switched off, besides those that are off here."""
    off = ",".join((os.environ.get(OFF, ""), *disabled)).strip(",")
    environment = {**os.environ, OFF: off, "PYTHONPATH": str(ROOT)}
    program = PRINTED.format(whole=True)
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout.split(maxsplit=2)


def test_the_digest_is_the_same_in_another_process() -> None:
    assert elsewhere()[0] == elementary_functions()
    assert re.fullmatch("[0-9a-f]{16}", elementary_functions())


def test_the_digest_tells_machines_apart_whose_logarithms_differ() -> None:
    found = instruction_level().split()
    switchable = [name for name in ("X86_V4", "AVX512_ICL", "AVX512_SPR") if name in found]
    if "X86_V4" not in switchable:
        pytest.skip("NumPy has not found AVX-512 here, so there is nothing to switch off")
    digest, logarithms, level = elsewhere(*switchable)
    assert "X86_V4" not in level.split()
    here = np.log(np.linspace(0.1, 9.0, 4096)).tobytes().hex()[:4000]
    if logarithms != here:
        assert digest != elementary_functions()


def test_a_last_bit_changes_the_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    before = elementary_functions()
    exact = np.exp
    changed = (lambda values: np.nextafter(exact(values), np.inf), *machine.ANY[1:])
    monkeypatch.setattr(machine, "ANY", changed)
    assert elementary_functions.__wrapped__() != before


def test_versions_are_complete() -> None:
    found = versions()
    libraries = ("python", "numpy", "scipy", "highs", "numba", "llvmlite", "ortools", "torch", "safetensors")
    others = ("stable-baselines3", "sb3-contrib", "voltran", "code", "processor", "instructions", "system")
    for name in (*libraries, *others, "elementary_functions"):
        assert found[name], name
    assert found["processor"] == processor()
    assert found["system"] == system()


def test_the_version_of_highs_is_the_one_that_solves(capfd: pytest.CaptureFixture[str]) -> None:
    from scipy.optimize import linprog

    linprog([1.0], bounds=[(0.0, 1.0)], method="highs", options={"disp": True})
    assert f"HiGHS {versions()['highs']}" in capfd.readouterr().out
