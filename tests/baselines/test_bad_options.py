"""Whatever an option of a controller is set to: it is built, or one message says what is wrong."""

import contextlib
import inspect

import pytest

from voltran.baselines.registry import CONTROLLERS
from voltran.envs.errors import ScenarioError
from voltran.evaluation.controller_spec import parse_controllers

BAD = ("true", "-1", "1e308", "1e-320", "maybe", "[1]", "{a: 1}", "null", "''", ".nan", ".inf", "9" * 20, "1.5")


def options_of(name: str) -> list[str]:
    """Names of all options."""
    entry = CONTROLLERS[name]
    if entry.settings is not None:
        return list(entry.settings.model_fields)
    listed = inspect.signature(entry.build).parameters.values()
    return [each.name for each in listed if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)]


@pytest.mark.parametrize("name", list(CONTROLLERS))
def test_any_value_of_any_option_is_taken_or_refused(name: str) -> None:
    with pytest.raises(ScenarioError, match="zzz"):
        parse_controllers(f"{name}:zzz=1")
    for option in options_of(name):
        for value in BAD:
            with contextlib.suppress(ScenarioError):
                parse_controllers(f"{name}:{option}={value}")
        for value in (".nan", ".inf", "[1]", "{a: 1}"):
            with pytest.raises(ScenarioError):
                parse_controllers(f"{name}:{option}={value}")
