"""What the conformance suite reports: the rules kept, those that do not apply, and the first one broken."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeVar

from voltran.envs.errors import ScenarioError

SubjectT = TypeVar("SubjectT")


class ConformanceError(AssertionError):
    """An environment or a controller that breaks a rule.

    Attributes:
        rule: name of the rule.
        agent: the agent concerned, if it is one.
        step: number of the step or decision, 0 is the reset, if it happened at one.
    """

    def __init__(self, rule: str, expected: str, *, agent: str | None = None, step: int | None = None) -> None:
        self.rule, self.agent, self.step = rule, agent, step
        where = [f"agent {agent}"] if agent is not None else []
        if step is not None:
            where.append(f"step {step}" if step else "reset")
        super().__init__(f"{rule}{' (' + ', '.join(where) + ')' if where else ''}: {expected}")


class NotApplicable(Exception):
    """Raised by a rule that has nothing to check; the message says why."""


class ConformanceReport(list[str]):
    """Names of the rules that were checked and kept.

    Attributes:
        not_applicable: rule -> why it could not be checked.
    """

    def __init__(self, passed: Iterable[str], not_applicable: Mapping[str, str]) -> None:
        super().__init__(passed)
        self.not_applicable = dict(not_applicable)

    def __str__(self) -> str:
        lines = [f"passed: {rule}" for rule in self]
        return "\n".join(lines + [f"not applicable: {rule} ({why})" for rule, why in self.not_applicable.items()])


def run_rules(
    rules: Sequence[Callable[[SubjectT], None]], subject: SubjectT, skip: Collection[str]
) -> ConformanceReport:
    """Check rules one after the other.

    Args:
        rules: functions that raise if their rule is broken, or does not apply.
        subject: what they look at.
        skip: names of rules to leave out.

    Raises:
        ConformanceError: the first rule broken.
        ScenarioError: ``skip`` names a rule that does not exist.
    """
    names = [rule.__name__ for rule in rules]
    unknown = [name for name in skip if name not in names]
    if unknown:
        raise ScenarioError(f"skip = {unknown}: no such rules; rules are {', '.join(names)}")
    passed: list[str] = []
    not_applicable = dict.fromkeys(skip, "skipped on request")
    for rule in rules:
        if rule.__name__ in not_applicable:
            continue
        try:
            rule(subject)
        except NotApplicable as reason:
            not_applicable[rule.__name__] = str(reason)
        else:
            passed.append(rule.__name__)
    return ConformanceReport(passed, not_applicable)
