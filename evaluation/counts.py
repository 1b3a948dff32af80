"""What controllers counted in all their episodes together."""

import math

from voltran.evaluation.metrics import FAILURES
from voltran.evaluation.results import ControllerResults, Results


def failures(results: Results) -> list[str]:
    """Whose solvers failed how often, in words; nothing where none did."""
    return [
        f"{label}: {count} {words}"
        for label, controller in results.controllers.items()
        for counter, words in FAILURES.items()
        if (count := total(controller, counter))
    ]


def total(controller: ControllerResults, counter: str) -> int:
    """A counter over all episodes; a team's members count on their own."""
    counted = (summary.values for key, summary in controller.metrics.items() if key.endswith(counter))
    return math.ceil(sum(value or 0.0 for values in counted for value in values))
