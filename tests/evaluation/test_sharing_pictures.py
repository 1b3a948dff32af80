"""Pictures of sharing: there as far as there are data, of those who were asked for."""

from pathlib import Path

import pytest

from tests.envs.sharing.tools import SMALL
from voltran.evaluation.evaluation import Evaluation
from voltran.evaluation.pictures.sharing import shared
from voltran.evaluation.plots import pictures_of, read_traces, write_plots
from voltran.evaluation.results import Results

PLAYED = ["tariff-threshold", "grid-only", "myopic", "random"]


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Path]:
    folder = tmp_path_factory.mktemp("sharing")
    return Evaluation("sharing12", PLAYED, [0], SMALL).run(out=folder), folder


def test_there_is_a_picture_for_all_that_there_are_data_for(played: tuple[Results, Path]) -> None:
    results, folder = played
    traces = read_traces(results, folder)
    assert [picture.name for picture in pictures_of(results, traces)] == ["course", "captured"]
    assert [picture.name for picture in pictures_of(results, {})] == ["captured"]
    written = write_plots(results, folder)
    assert all("<svg" in path.read_text(encoding="utf-8") for path in written)


def test_the_course_is_of_families_or_of_the_first_three(played: tuple[Results, Path]) -> None:
    results, folder = played
    traces = read_traces(results, folder)
    assert list(shared(traces, {})) == PLAYED[:3]
    assert list(shared(traces, {"some": ["random", "grid-only", "nobody"]})) == ["random", "grid-only"]


def test_nobody_saves_more_than_can_be_saved(played: tuple[Results, Path]) -> None:
    results, _ = played
    for controller in results.controllers.values():
        cost, bound = (controller.metrics[key].mean for key in ("cost_eur", "cost_bound_eur"))
        assert cost is not None
        assert bound is not None
        assert bound <= cost + 1e-9
