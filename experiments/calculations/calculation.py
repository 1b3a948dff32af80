"""A calculation as an experiment: the function by its name, its options, and the answer with places for numbers."""

import copy
import inspect
import string
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Self, get_type_hints

from pydantic import Field, model_validator

from voltran.envs.errors import ScenarioError
from voltran.envs.metric import MISSING
from voltran.envs.references import REFERENCE, resolve
from voltran.envs.scenario import Section, apply_overrides, validated
from voltran.experiments.calculations.findings import Findings
from voltran.experiments.calculations.working import Working
from voltran.experiments.experiment import Experiment

Function = Callable[[Any, Working], Findings]


class Calculation(Experiment):
    """What to compute.

    Attributes:
        kind, title, question, description, publish: as of every experiment.
        answer: to the question, with places for the values of the findings, as in ``{payback_y:.1f} years``.
        calculation: the function, as ``module:function``. It takes its options, a
            :class:`~voltran.envs.scenario.Section` that the annotation of its first parameter names, and a
            :class:`~voltran.experiments.calculations.working.Working`, and returns
            :class:`~voltran.experiments.calculations.findings.Findings`.
        options: of the function; those that are missing have their defaults.
        quick: what the quick form has differently; keys inside a section are dotted.
    """

    answer: str = ""
    calculation: Annotated[str, Field(pattern=f"^{REFERENCE.pattern}$")]
    options: dict[str, Any] = Field(default_factory=dict)
    quick: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _answer_can_be_filled(self) -> Self:
        try:
            filled_answer(self.answer, dict.fromkeys(_places(self.answer), 1.0))
        except (ValueError, LookupError, AttributeError) as error:
            raise ValueError(f"answer {self.answer!r}: {error}; write places as {{name}} or {{name:.1f}}") from error
        return self


def quick_calculation(experiment: Calculation) -> Calculation:
    """The experiment with the options of its quick form.

    Raises:
        ScenarioError: a key of ``quick`` that leads through something that is not a section.
    """
    return experiment.model_copy(
        update={"options": apply_overrides(copy.deepcopy(experiment.options), experiment.quick)}
    )


def function_and_options(experiment: Calculation) -> tuple[Function, Section]:
    """What an experiment calls, and with which options.

    Raises:
        ScenarioError: there is no such function, or it does not say what its options are, or an option is unknown or
            out of range.
    """
    what = f"calculation {experiment.calculation}"
    function = resolve(experiment.calculation, "calculation")
    return function, validated(_model(function, what), experiment.options, what)


def filled_answer(answer: str, values: Mapping[str, float | None]) -> str:
    """The answer with its numbers.

    Raises:
        ScenarioError: it names a value that there is none of.
    """
    if unknown := [name for name in _places(answer) if name not in values]:
        raise ScenarioError(f"answer: no value {unknown[0]!r} was found; known: {', '.join(values) or 'none'}")
    return answer.format_map({name: _Place(value) for name, value in values.items()})


class _Place:
    """A number that may be missing."""

    def __init__(self, value: float | None) -> None:
        self.value = value

    def __format__(self, form: str) -> str:
        return MISSING if self.value is None else format(self.value, form)


def _places(answer: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(answer) if name is not None]


def _model(function: Any, what: str) -> type[Section]:
    """The type of a function's options."""
    remedy = "write it as def name(options: MyOptions, working: Working) -> Findings, with a Section as MyOptions"
    if not inspect.isfunction(function):
        raise ScenarioError(f"{what}: is no function; {remedy}")
    parameters = [*inspect.signature(function).parameters]
    try:
        model = get_type_hints(function).get(parameters[0]) if len(parameters) == 2 else None
    except NameError as error:
        raise ScenarioError(f"{what}: its annotations cannot be read ({error}); {remedy}") from error
    if not (isinstance(model, type) and issubclass(model, Section)):
        raise ScenarioError(f"{what}: does not say what its options are; {remedy}")
    return model
