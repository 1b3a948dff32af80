"""What each assumption behind the cost of ownership is worth: paybacks and the order of [CG]'s ways to feed a site."""

from collections.abc import Mapping

from voltran.envs.scenario import Section
from voltran.experiments.assumptions.assumption import PlayerlessAssumptions
from voltran.experiments.assumptions.sensitivity import Estimate, Measure, Sensitivity
from voltran.experiments.calculations.findings import Findings
from voltran.experiments.calculations.working import Working
from voltran.experiments.collective.ownership import (
    EXCLUSIVE_BATTERY,
    SHARED_GRID,
    Ownership,
    Priced,
    changed,
    priced,
)

# A longer payback is shown as "at least" this.
LONGEST_Y = 40.0
# The claims of Fig. 4 and its text; 15 years are its axis.
MEASURES = (
    Measure(name="exclusive_y", title="Payback of a battery of one's own", unit="years", digits=1, holds="< 15"),
    Measure(name="shared_y", title="Payback of a shared battery", unit="years", digits=1, holds="< 15"),
    Measure(
        name="sharing_keur",
        title="What sharing saves beyond a battery of one's own",
        unit="kEUR",
        digits=0,
        holds="> 0",
    ),
)


class GapSettings(Section):
    """What to vary, one thing at a time.

    Attributes:
        base: our own assumptions.
        assumptions: what is varied; keys are those of ``base``, dotted.
    """

    base: Ownership = Ownership()
    assumptions: PlayerlessAssumptions


def gaps(options: GapSettings, working: Working) -> Findings:
    """How far paybacks and the gain of sharing move under each assumption.

    Args:
        options: what to vary.
        working: where to keep what is finished.

    Raises:
        ScenarioError: a key that is unknown, or a value out of range; before anything is computed.
    """
    changes = {
        change.name: changed(options.base, change.overrides, f"assumption {change.name}")
        for assumption in options.assumptions
        for change in assumption.changes()
    }
    base = estimates(priced(options.base, working))
    found = {name: estimates(priced(ownership, working)) for name, ownership in changes.items()}
    varied = tuple(assumption.varied(found) for assumption in options.assumptions)
    return Findings(
        sensitivities=(Sensitivity(measures=MEASURES, base=base, varied=varied),),
        values={name: estimate.value for name, estimate in base.items()},
    )


def estimates(found: Priced) -> Mapping[str, Estimate]:
    """Name of each measure to its number.

    Args:
        found: the four ways to feed a site.
    """
    return {
        "exclusive_y": _payback(found.payback_y(shared=False)),
        "shared_y": _payback(found.payback_y(shared=True)),
        "sharing_keur": Estimate(found.end_keur(EXCLUSIVE_BATTERY) - found.end_keur(SHARED_GRID)),
    }


def _payback(years: float) -> Estimate:
    return Estimate(min(years, LONGEST_Y), at_least=years > LONGEST_Y)
