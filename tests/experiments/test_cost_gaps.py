"""What assumptions behind the cost of ownership are worth: paybacks as elsewhere, under one change at a time."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import validated
from voltran.experiments.calculations.working import Working
from voltran.experiments.collective.gaps import LONGEST_Y, GapSettings, gaps
from voltran.experiments.collective.ownership import changed, priced

BASE = {"energy": {"infrastructures": 1, "months": [6], "period_h": 1.0}}
DISCOUNT = {"name": "discount", "title": "Discount", "default": 0, "key": "costs.discount_rate", "values": [0.05]}
FLAT = {
    "name": "tariff",
    "title": "Tariff",
    "default": "time of use",
    "choices": {"flat, nothing to gain": {"energy.tariff.kind": "flat", "energy.panels.capacity_kw": 0.0}},
}


def settings(*assumptions: Mapping[str, object]) -> GapSettings:
    return validated(GapSettings, {"base": BASE, "assumptions": assumptions}, "here")


def test_every_value_gives_what_it_gives_alone(tmp_path: Path) -> None:
    options = settings(DISCOUNT, FLAT)
    working = Working(tmp_path, 1, lambda line: None, tmp_path / "parts")
    findings = gaps(options, working)
    (found,) = findings.sensitivities
    discounted, flat = (varied.tried[0].estimates for varied in found.varied)
    alone = priced(options.base, working)
    assert found.base["exclusive_y"].value == pytest.approx(alone.payback_y(shared=False))
    assert found.base["shared_y"].value == findings.values["shared_y"] == pytest.approx(alone.payback_y(shared=True))
    gain_keur = alone.end_keur("exclusive, battery") - alone.end_keur("shared, grid")
    assert found.base["sharing_keur"].value == pytest.approx(gain_keur)
    later = priced(changed(options.base, {"costs.discount_rate": 0.05}, "here"), working)
    assert discounted["exclusive_y"].value == pytest.approx(later.payback_y(shared=False))
    assert later.payback_y(shared=False) > alone.payback_y(shared=False)  # later savings count for less
    assert (flat["exclusive_y"].value, flat["exclusive_y"].at_least) == (LONGEST_Y, True)
    assert found.measures[0].judged(flat["exclusive_y"]) is False


def test_what_means_nothing_is_refused_before_anything_is_computed(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="assumption discount: of names controllers, and nobody plays"):
        settings({**DISCOUNT, "key": (), "option": "rate", "of": "somebody"})
    unknown = settings({**DISCOUNT, "key": "costs.discount"})
    with pytest.raises(ScenarioError, match=r"assumption discount-0\.05: unknown key"):
        gaps(unknown, Working(tmp_path, 1, lambda line: None, tmp_path / "parts"))
    assert not (tmp_path / "parts").exists()
