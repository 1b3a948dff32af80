"""Training, evaluation and experiments know no world: all that they need is in its declaration.

What belongs to a world, or to a paper about one, has a place of its own and may name it.
"""

import ast
from collections.abc import Iterator

import pytest

from tests.house import modules
from voltran.envs.registry import make_world, world_specs

OF_A_WORLD = (
    "evaluation/pictures/",
    "experiments/allocations/",
    "experiments/calibration.py",
    "experiments/collective/",
    "experiments/uplink/",
)


def names() -> set[str]:
    """Ids, default scenarios, roles and metrics of all worlds, which stand in texts."""
    found: set[str] = set()
    for spec in world_specs():
        found |= {spec.name, spec.gymnasium_id, spec.default_scenario, *(metric.key for metric in spec.metrics)}
        found |= {role.name for role in make_world(spec.default_scenario).roles}
    return found


def code_names() -> set[str]:
    """Classes and folders of all worlds, which imports name."""
    classes = [spec.load(part) for spec in world_specs() for part in ("world", "scenario")]
    return {kind.__name__ for kind in classes} | {kind.__module__.rpartition(".")[0] for kind in classes}


def texts(source: str) -> Iterator[str]:
    """All texts in a module's code; descriptions may take their examples where they like."""
    tree = ast.parse(source)
    documented = [
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documented:
            yield node.value


@pytest.mark.parametrize("room", ["train", "evaluation", "experiments"])
def test_the_room_names_no_world(room: str) -> None:
    known, in_code = names(), code_names()
    assert {"blackout_v0", "survival_h", "bs", "BlackoutWorld", "voltran.envs.blackout"} <= known | in_code
    for path, source in modules(room):
        if not path.startswith(OF_A_WORLD):
            assert known & set(texts(source)) == set(), path
            assert [name for name in in_code if name in source] == [], path


def test_places_of_a_world_exist() -> None:
    paths = [path for room in ("evaluation", "experiments") for path, _ in modules(room)]
    assert [place for place in OF_A_WORLD if not any(path.startswith(place) for path in paths)] == []
