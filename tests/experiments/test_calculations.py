"""Calculations: a function by its name becomes a page; what it finished is taken again; bad input is refused early."""

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from pydantic import ValidationError
from rich.console import Console

from voltran.envs.errors import FileFormatError, PartError, ScenarioError, VoltranError
from voltran.experiments import publish as publishing
from voltran.experiments.calculations.calculation import filled_answer, function_and_options
from voltran.experiments.calculations.calculation_results import read_calculation_results
from voltran.experiments.calculations.findings import Chart, Claim, Findings, Series, Table
from voltran.experiments.experiment import experiment_names, read_experiment
from voltran.experiments.kinds import kind_named
from voltran.experiments.publish import documents, publish
from voltran.experiments.run import run_experiment

OWN = """
import math
from functools import partial
from pathlib import Path
from voltran.envs.scenario import Section
from voltran.experiments.calculations.findings import Chart, Claim, Findings, Series, Table

COMPUTED = []


class Inner(Section):
    factor: float = 2.0


class Options(Section):
    up_to: int = 3
    inner: Inner = Inner()


def squares(options: Options, working) -> Findings:
    def compute():
        COMPUTED.append(options.up_to)
        return [options.inner.factor * n**2 for n in range(options.up_to)]

    y = working.part("squares of n", compute)
    (working.folder / "own.gif").write_bytes(b"GIF89a")
    x = list(range(options.up_to))
    return Findings(
        tables=[Table(title="Squares", columns=["n", "n2"], rows=[[n, v] for n, v in zip(x, y)] + [["none", None]])],
        charts=[Chart(name="squares", title="S", x_label="n", y_label="n2", series=[Series(name="a", x=x, y=y)])],
        claims=[Claim(text="They grow", paper="everywhere", found=f"to {y[-1]:g}", verdict="holds"),
                Claim(text="Forever", paper="no|where", found="who knows", verdict="cannot be judged")],
        values={"largest": max(y), "none": None},
        images=["own.gif"],
    )


def quiet(options: Options, working) -> Findings:
    return Findings(values={"largest": 1.0, "none": None, "math": working.part("e", partial(math.exp, 1), inputs=1),
                            "own": working.part("own", partial(partial(largest, 2), up_to=3), inputs=[2, 3])})


def largest(factor, up_to):
    COMPUTED.append(up_to)
    return factor * up_to


def raising(options: Options, working) -> Findings:
    return 1 / 0


def wrong(options: Options, working) -> Findings:
    return {"tables": []}


def imageless(options: Options, working) -> Findings:
    return Findings(images=["none.png"])


def huge(options: Options, working) -> Findings:
    return Findings(tables=[Table(title="T", columns=["a"], rows=[["x" * 99] for _ in range(4000)])])


def untyped(options, working):
    return Findings()


def one(options: Options) -> Findings:
    return Findings()


number = 3
"""
CONTENT: dict[str, Any] = {
    "kind": "calculation",
    "title": "Own",
    "question": "How large?",
    "answer": "{largest:.1f}, and {none:.2f}.",
    "description": "Squares.",
    "calculation": "own_calculations:squares",
    "options": {"up_to": 5},
    "quick": {"up_to": 2, "inner.factor": 3.0},
}


def run(path: Path, out: Path, **more: Any) -> str:
    options: dict[str, Any] = {"resume": False, "jobs": 1, "console": Console(file=io.StringIO())} | more
    return run_experiment(str(path), out, **options).read_text(encoding="utf-8")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that Python finds modules in, with one."""
    (tmp_path / "own_calculations.py").write_text(OWN, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("own_calculations", None)


def written(folder: Path, **changed: Any) -> Path:
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump(CONTENT | changed), encoding="utf-8")
    return path


def computed() -> list[int]:
    found: list[int] = sys.modules["own_calculations"].COMPUTED
    return found


def test_a_function_of_ones_own_becomes_a_page(own: Path) -> None:
    report = run(written(own), own / "out")
    assert report.startswith("# Own\n\n**How large?** 32.0, and —.\n\nSquares.\n")
    assert "| They grow | everywhere | to 32 | holds |" in report
    assert "| Forever | no\\|where | who knows | cannot be judged |" in report
    assert "| 4 | 32 |\n| none | — |" in report
    assert report.index("squares.svg") < report.index("own.gif") < report.index("## Squares")
    picture = (own / "out" / "squares.svg").read_text(encoding="utf-8")
    assert ElementTree.fromstring(picture).tag.endswith("svg")
    results = read_calculation_results(own / "out" / "results.json")
    assert results.options == {"up_to": 5, "inner": {"factor": 2.0}}
    assert results.findings.values == {"largest": 32.0, "none": None}
    assert results.source
    assert {"numpy", "code", "git_commit"} <= results.versions.keys()


def test_what_was_finished_is_taken_again_if_inputs_and_code_are_the_same(own: Path) -> None:
    path = written(own)
    report = run(path, own / "out")
    (own / "out" / "results.json").unlink()
    assert run(path, own / "out", resume=True) == report
    assert computed() == [5]
    run(written(own, options={"up_to": 4}), own / "out", resume=True)
    assert computed() == [5, 4]
    run(written(own), own / "out", resume=True)
    assert computed() == [5, 4]
    (own / "own_calculations.py").write_text(OWN + "\n# another code\n", encoding="utf-8")
    del sys.modules["own_calculations"]
    run(path, own / "out", resume=True)
    assert computed() == [5]


def test_parts_may_be_calls_of_functions_from_other_modules(own: Path) -> None:
    path = written(own, calculation="own_calculations:quiet", answer="{math:.3f} {own}")
    assert "2.718 6" in run(path, own / "out")
    assert "2.718 6" in run(path, own / "out", resume=True)
    assert computed() == [3]


def test_a_code_that_changed_since_it_was_loaded_keeps_nothing(own: Path) -> None:
    path = written(own)
    run(path, own / "out")
    (own / "own_calculations.py").write_text(OWN + "\n# another code\n", encoding="utf-8")
    shown = io.StringIO()
    run(path, own / "out", resume=True, console=Console(file=shown))
    assert computed() == [5, 5]
    assert "are not kept" in shown.getvalue()


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"key": 1, "value": [9, 9]}', b"\xff"])
def test_a_damaged_part_is_computed_again(own: Path, content: bytes) -> None:
    path = written(own)
    report = run(path, own / "out")
    (part,) = (own / "out" / "parts").iterdir()
    part.write_bytes(content)
    assert run(path, own / "out", resume=True) == report
    assert computed() == [5, 5]
    assert json.loads(part.read_bytes())["value"] == [0.0, 2.0, 8.0, 18.0, 32.0]


def test_parts_may_be_shared_between_experiments(own: Path) -> None:
    path = written(own)
    run(path, own / "out", store=own / "store")
    run(path, own / "again", store=own / "store")
    assert computed() == [5]
    assert not (own / "out" / "parts").exists()


def test_the_quick_form_has_other_options(own: Path) -> None:
    run(written(own), own / "out", quick=True)
    found = read_calculation_results(own / "out" / "results.json")
    assert found.options == {"up_to": 2, "inner": {"factor": 3.0}}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"options": {"up_too": 1}}, r"own_calculations:squares: unknown key 'up_too' \(did you mean 'up_to'"),
        ({"options": {"inner": {"fac": 1}}}, r"unknown key 'inner.fac'"),
        ({"options": {"up_to": "many"}}, r"up_to = 'many'"),
        ({"calculation": "own_calculations"}, r"calculation = 'own_calculations'"),
        ({"calculation": "own_calculations:cubes"}, r"own_calculations has no 'cubes'"),
        ({"calculation": "no_such_module:cubes"}, r"module no_such_module cannot be imported"),
        ({"calculation": "own_calculations:number"}, r"is no function; write it as def"),
        ({"calculation": "own_calculations:untyped"}, r"does not say what its options are; write it as def"),
        ({"calculation": "own_calculations:one"}, r"does not say what its options are; write it as def"),
        ({"answer": "{largest"}, r"answer '\{largest'.*write places as"),
        ({"answer": "{largest:q}"}, r"answer '\{largest:q\}'"),
        ({"answer": "{0.__class__}"}, r"write places as"),
        ({"anwser": "x"}, r"unknown key 'anwser' \(did you mean 'answer'"),
    ],
)
def test_bad_experiments_are_refused_before_anything_is_written(own: Path, changed: Any, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        run(written(own, **changed), own / "out")
    assert not (own / "out").exists()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("raising", r"own_calculations:raising raised ZeroDivisionError"),
        ("wrong", r"own_calculations:wrong returned dict; it must return Findings"),
        ("imageless", r"image none.png was not written"),
    ],
)
def test_functions_that_fail_are_named(own: Path, function: str, message: str) -> None:
    with pytest.raises(PartError, match=message):
        run(written(own, calculation=f"own_calculations:{function}"), own / "out")
    assert not (own / "out" / "results.json").exists()


def test_findings_are_bounded_and_answers_name_what_there_is(own: Path) -> None:
    with pytest.raises(VoltranError, match="are more than 200000"):
        run(written(own, calculation="own_calculations:huge"), own / "out")
    with pytest.raises(ScenarioError, match=r"no value 'smallest' was found; known: largest, none"):
        run(written(own, answer="{smallest}"), own / "other")
    assert filled_answer("{a} {b:.2f}", {"a": 1.5, "b": None}) == "1.5 —"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Table(title="T", columns=("a",), rows=((1, 2),)), "has not 1 cells"),
        (lambda: Table(title="T", columns=("a",), rows=((float("nan"),),)), "finite"),
        (lambda: Series(name="s", x=(1.0,), y=(1.0, 2.0)), "x 1, y 2"),
        (lambda: Series(name="s", x=(1.0,), y=(1.0,), low=(0.0,)), "low 1, high 0"),
        (lambda: Claim(text="t", paper="", found="", verdict="maybe"), "holds"),  # type: ignore[arg-type]
        (lambda: Findings(images=("a.jpg",)), "known endings"),
        (lambda: Findings(images=("../a.png",)), "pattern"),
        (lambda: Findings(images=("a.png", "a.png")), "stands twice"),
        (lambda: Findings(values={"a": float("inf")}), "finite"),
    ],
)
def test_findings_are_checked(make: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make()


@pytest.mark.parametrize("drawn", ["lines", "steps", "points", "bars"])
def test_every_form_of_chart_is_drawn(own: Path, drawn: Any) -> None:
    from voltran.experiments.calculations.charts import write_chart

    series = [
        Series(name=name, x=("one", "two"), y=(1.0, None), low=(0.5, 0.5), high=(1.5, 1.5)) for name in ("a", "b")
    ]
    chart = Chart(name="c", title="T", x_label="x", y_label="kEUR", series=tuple(series), drawn=drawn, from_zero=True)
    text = write_chart(chart, own).read_text(encoding="utf-8")
    assert all(word in text for word in ("kEUR", "one", ">a<", ">b<"))
    assert write_chart(chart, own).read_text(encoding="utf-8") == text


def test_damaged_results_are_refused(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text("{}")
    with pytest.raises(FileFormatError, match="run voltran experiment again"):
        read_calculation_results(tmp_path / "results.json")


def test_a_calculation_is_published(own: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(own, publish={"order": 1})
    monkeypatch.setattr(publishing, "published_names", lambda: [str(path)])
    run(path, own / "out")
    publish(str(path), own / "out", root)
    folder = root / "docs" / "results" / "own"
    assert sorted(file.name for file in folder.iterdir()) == ["README.md", "results.json", "squares.svg"]
    page = (folder / "README.md").read_text(encoding="utf-8")
    assert "squares.svg" in page
    assert "own.gif" not in page
    assert "| 1 of 2 claims hold, 1 cannot be judged | none |" in (root / "docs" / "results.md").read_text("utf-8")
    for file, text in documents(root).items():
        assert file.read_text(encoding="utf-8") == text
    said: list[str] = []
    publish(str(path), own / "out", root, said.append)
    assert said == []
    run(written(own, publish={"order": 1}, options={"up_to": 4}), own / "out", resume=True)
    publish(str(path), own / "out", root, said.append)
    assert said == ["findings"]


SHIPPED = [name for name in experiment_names() if read_experiment(name).kind == "calculation"]


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_calculations_are_valid(name: str) -> None:
    experiment = read_experiment(name)
    assert experiment.question.endswith("?")
    for form in (experiment, kind_named("calculation").quick_form(experiment)):
        function_and_options(form)
