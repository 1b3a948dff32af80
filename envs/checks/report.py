"""What the conformance suite reports: the rules kept, those that do not apply, and the first one broken."""

from collections.abc import Iterable, Mapping


class ConformanceError(AssertionError):
    """An environment that breaks a rule.

    Attributes:
        rule: name of the rule.
        agent: the agent concerned, if it is one.
        step: number of the step, 0 is the reset, if it happened at one.
    """

    def __init__(self, rule: str, expected: str, *, agent: str | None = None, step: int | None = None) -> None:
        self.rule, self.agent, self.step = rule, agent, step
        where = [f"agent {agent}"] if agent is not None else []
        if step is not None:
            where.append(f"step {step}" if step else "reset")
        super().__init__(f"{rule}{' (' + ', '.join(where) + ')' if where else ''}: {expected}")


class NotApplicable(Exception):
    """Raised by a rule that has nothing to check in this environment; the message says why."""


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
