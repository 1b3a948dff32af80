"""``module:attribute``: what is said about modules that cannot be imported, and what to do about it."""

from importlib import invalidate_caches
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from voltran.envs.errors import ScenarioError
from voltran.envs.references import resolve, resolve_entry_point


@pytest.fixture(autouse=True)
def own_modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modules = {
        "raises_early": "raise RuntimeError('no licence found')",
        "leaves_early": "raise SystemExit('usage: leaves_early FILE')",
        "mistyped": "def f(:",
        "needs_more": "import nowhere_at_all.deeper",
        "works": "VALUE = 3",
    }
    for name, text in modules.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    invalidate_caches()


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("raises_early:VALUE", r"\(RuntimeError: no licence found\); mend raises_early"),
        ("leaves_early:VALUE", r"\(SystemExit: usage: leaves_early FILE\); mend leaves_early"),
        ("mistyped:VALUE", r"\(SyntaxError: .*; mend mistyped"),
        ("needs_more:VALUE", "install nowhere_at_all, or mend needs_more"),
        ("nowhere_at_all:VALUE", "run Python where it can be found, or install it"),
        ("nowhere_at_all.deeper:VALUE", "run Python where it can be found, or install it"),
        ("works.py:VALUE", "name the module without .py, as works"),
    ],
)
def test_the_remedy_fits_what_is_wrong_with_a_module(reference: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        resolve(reference, "controller")


def test_entry_points_may_ask_for_extras() -> None:
    assert resolve_entry_point(EntryPoint("mine", "works:VALUE [train]", "voltran.worlds"), "entry point mine") == 3
