"""Tables in the terminal fit its window, whoever is compared: a line a cell, no word broken, nothing lost."""

import io
from itertools import product

import pytest
from rich.cells import cell_len
from rich.console import Console, RenderableType

from voltran.envs.metric import Metric
from voltran.evaluation.fitting_table import EitherWay, FittingTable
from voltran.evaluation.results import ControllerResults, MetricSummary, Results
from voltran.evaluation.terminal_tables import terminal_swept, terminal_table

USUAL = ["policy", "independent", "static", "carrier-shutdown", "rotating-sleep:keep_helper=3", "msrc-fast"]
TEAMS = [f"bs=msrc:evaluations={100 * n}:command_set=extended+retailer=best-response:rounds={n}" for n in range(1, 7)]
PATHS = ["bs=runs/2026-01-02T15:00:00/bs/policy.safetensors+retailer=" + "x" * 90, *USUAL[:5]]
WHO = {"usual": USUAL, "teams": TEAMS, "paths": PATHS, "one": ["random"], "forty": [f"rule-{n}" for n in range(40)]}


def played(world: str, labels: list[str], keys: list[str], n: int = 12) -> Results:
    interval = (9000.5, 12345.678) if n > 1 else None
    found = {key: MetricSummary(mean=10000.25, iqm=1.0, bootstrap95=interval) for key in keys}
    each = ControllerResults(
        information="aggregates",
        declarations={"commands": "free"},
        identity={},
        n=n,
        decisions=1,
        wall_s=1,
        metrics=found,
    )
    return Results(
        world=world,
        scenario="urban19-medium",
        overrides={},
        options={},
        seeds=list(range(n)),
        first_seed=0,
        n=n,
        versions={},
        wall_s=1.0,
        controllers=dict.fromkeys(labels, each),
        paired={},
    )


def shown(table: RenderableType, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


OUTAGE = [
    "survival_h",
    "continuity",
    "continuity_own",
    "availability_critical",
    "service_hours",
    "ev_cost",
    "decision_ms",
]
WORLDS = {
    "blackout_v0": OUTAGE,
    "market_v0": ["welfare_usd", "efficiency", "lost_load_usd", "retailer_profit_usd", "mean_price_usd_per_kwh"],
    "uplink_v0": ["energy_efficiency", "active_ubs", "qos_violations", "network_power_w"],
    "sharing_v0": ["cost_eur", "saving", "captured_saving", "wear_eur", "battery_kwh"],
}


@pytest.mark.parametrize(
    ("who", "world", "width"), [*product(["usual"], WORLDS, (60, 80, 200)), *product(WHO, ["blackout_v0"], (40, 80))]
)
def test_results_fit_the_window_and_every_number_is_whole(who: str, world: str, width: int) -> None:
    results = played(world, WHO[who], WORLDS[world])
    for all_metrics in (False, True):
        lines = shown(terminal_table(results, all_metrics), width)
        assert max(map(cell_len, lines)) <= width
        text = "\n".join(lines)
        for key in WORLDS[world]:
            metric = results.metric(key)
            number = f"{metric.number(10000.25)} ± {metric.number(12345.678 - 10000.25)}"
            assert text.count(number) >= len(WHO[who])


@pytest.mark.parametrize("width", [60, 80, 200])
def test_names_that_do_not_fit_stand_whole_below(width: int) -> None:
    lines = shown(terminal_table(played("blackout_v0", TEAMS, OUTAGE)), width)
    whole = "".join(line.strip() for line in lines)
    for team in TEAMS:
        assert team in whole.replace(" ", "")


def test_few_controllers_stand_side_by_side_and_many_below_each_other() -> None:
    two = shown(terminal_table(played("blackout_v0", USUAL[:2], OUTAGE)), 80)
    assert any(line.split() == USUAL[:2] for line in two)
    six = shown(terminal_table(played("blackout_v0", USUAL, OUTAGE)), 80)
    assert sum(line.startswith("independent ") for line in six) > 1


def test_one_episode_has_no_intervals_and_says_so() -> None:
    lines = shown(terminal_table(played("blackout_v0", USUAL, ["survival_h"], n=1)), 80)
    assert "±" not in "".join(lines)
    assert "1 episode per controller (seed 0, the same for all)." in " ".join(lines)


def test_markup_in_names_is_shown_as_it_is() -> None:
    assert "[bold]x[/]" in "".join(shown(FittingTable(["", "[red]head"], [["[bold]x[/]", "1"]], title="[t]"), 80))


@pytest.mark.parametrize("width", [40, 80, 200])
def test_swept_values_fit_and_keys_are_named(width: int) -> None:
    keys = ["battery.capacity_kwh", "traffic.load_factor"]
    at = [played("blackout_v0", TEAMS, ["survival_h"]) for _ in range(3)]
    values = [["10", "0.5"], ["20", "0.5"], ["30", "[[0.0, 0.0], [500.0, 0.0], [1000.0, 0.0], [1500.0, 0.0]]"]]
    lines = shown(terminal_swept(keys, values, at, at[0].metric("survival_h")), width)
    assert max(map(cell_len, lines)) <= width
    assert "battery.capacity_kwh" in " ".join(lines)
    assert "[1500.0, 0.0]]" in " ".join(" ".join(lines).split())


def test_keys_that_end_alike_keep_their_whole_names() -> None:
    at = [played("blackout_v0", ["a"], ["survival_h"])]
    metric = Metric("survival_h", "Survival", "h")
    lines = shown(terminal_swept(["traffic.voice.share", "traffic.essential.share"], [["1", "2"]], at, metric), 80)
    assert "traffic.voice.share  traffic.essential.share" in "\n".join(lines)


def test_the_other_way_round_only_where_it_is_clearly_shorter() -> None:
    usual = FittingTable(["", "a"], [["x", "1"], ["y", "2"]])
    exchanged = FittingTable(["", "x", "y"], [["a", "1", "2"]])
    assert shown(EitherWay(usual, exchanged), 80)[0].split() == ["a"]
    long = FittingTable(["", *(f"column {n}" for n in range(20))], [["x", *map(str, range(20))]] * 2)
    assert shown(EitherWay(long, exchanged), 80)[0].split() == ["x", "y"]
