"""Episodes of markets are compared with the best that anybody could have done; others are left alone."""

from typing import Any

import pytest

from voltran.baselines.market import bound, optimum
from voltran.envs.registry import make_world, world_spec
from voltran.evaluation import bounds
from voltran.evaluation.bounds import bound_metrics
from voltran.evaluation.code_digest import closure
from voltran.evaluation.controller_spec import parse_controllers
from voltran.evaluation.episode_key import episode_key
from voltran.evaluation.episodes import Episode, Task, play
from voltran.evaluation.setting import Setting

SHORT = {"time.horizon_h": 2.0, "retail.weather.start_hour": 9.0}
KEYS = {"welfare_optimum_usd", "welfare_gap_usd", "efficiency", "price_of_anarchy"}


def played(controller: str, overrides: dict[str, Any] | None = None, seed: int = 1) -> Episode:
    setting = Setting("market4", {**SHORT, **(overrides or {})}, {})
    spec = parse_controllers(controller)[0]
    return play(Task(setting, spec, seed, with_trace=False, key=episode_key(setting, spec))).episode


def number(episode: Episode, key: str) -> float:
    value = episode.kpis[key]
    assert value is not None
    return value


@pytest.fixture
def solved(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The optima computed while a test runs; none are known when it starts."""
    found: list[float] = []
    original = optimum.social_optimum

    def counting(world: Any) -> Any:
        plan = original(world)
        found.append(plan.bound_usd)
        return plan

    monkeypatch.setattr(bound, "social_optimum", counting)
    monkeypatch.setattr(bounds, "_BEST", {})
    return found


def test_efficiency_is_the_share_of_what_trade_can_add() -> None:
    episode = played("bs=buy-all+retailer=price-cap")
    welfare, autarky = number(episode, "welfare_usd"), number(episode, "welfare_autarky_usd")
    best = number(episode, "welfare_optimum_usd")
    assert autarky < welfare <= best
    assert number(episode, "efficiency") == pytest.approx((welfare - autarky) / (best - autarky))
    assert number(episode, "price_of_anarchy") == pytest.approx(1.0 / number(episode, "efficiency"))
    assert number(episode, "welfare_gap_usd") == pytest.approx(best - welfare)


def test_there_is_no_price_of_anarchy_where_nobody_trades() -> None:
    episode = played("bs=autarky+retailer=price-cap")
    assert number(episode, "efficiency") == pytest.approx(0.0, abs=1e-9)
    assert episode.kpis["price_of_anarchy"] is None


def test_there_is_no_efficiency_where_nothing_can_be_won() -> None:
    episode = played("bs=autarky", {"retail.retailers": [], "retail.home_retailer": None})
    assert episode.kpis["efficiency"] is None
    assert episode.kpis["price_of_anarchy"] is None
    assert number(episode, "welfare_gap_usd") == pytest.approx(0.0, abs=1e-6)


def test_the_optimum_is_computed_once_for_all_controllers_of_a_setting_and_a_seed(solved: list[float]) -> None:
    first = [number(played(name), "welfare_optimum_usd") for name in ("dpa", "bs=buy-all+retailer=cost-plus")]
    assert first[0] == first[1]
    assert len(solved) == 1
    assert number(played("dpa", seed=2), "welfare_optimum_usd") != first[0]
    assert number(played("dpa", {"battery.wear_usd_per_kwh": 0.5}), "welfare_optimum_usd") < first[0]
    assert len(solved) == 3


def test_worlds_without_a_bound_are_left_alone() -> None:
    world = make_world("toy3")
    world.reset([1])
    assert bound_metrics(world_spec("blackout_v0"), world, {}, 1, {}) == {}


def test_a_change_of_the_bound_outdates_episodes_of_its_world() -> None:
    """The code behind the bound is named under the world's declaration."""
    modules = world_spec("market_v0").modules
    assert {f"voltran.baselines.market.{name}" for name in ("optimum", "foresight", "foresight_program")} <= set(
        closure(modules)
    )
    assert set(played("dpa").kpis) >= KEYS
