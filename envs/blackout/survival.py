"""When a network counts as lost: one rule, for the state, the flag, the reward and the metric.

A moment with too little critical availability is a loss if availability stays too low from there on, or if the hour
from there on lacks too much of it. The second condition is for networks that flap: a minute of service now and then
does not make a network one that serves.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltran.envs.blackout.scenario import Survival
from voltran.physics.arrays import FloatArray
from voltran.physics.compiled import kernel

# Shares of users and their sums are compared beyond rounding: 57 minutes on and 3 off are exactly 0.95.
ROUNDING = 1e-9
NOT_LOST = -1


class LossRule(NamedTuple):
    """What makes a step ``t`` with critical availability below ``threshold`` the moment of loss.

    Attributes:
        threshold: availability to be kept.
        hold_steps: it is lost if availability stays below from ``t`` on for so many steps,
        window_steps: or if, in so many steps from ``t`` on,
        deficit_steps: the sum of (1 - availability) exceeds this; infinite where only the first condition counts.
    """

    threshold: float
    hold_steps: int
    window_steps: int
    deficit_steps: float


def loss_rule(survival: Survival, step_s: float) -> LossRule:
    """The rule of a scenario: the deficit of a window may be that of an availability just at the threshold."""
    window_steps = steps_of(survival.window_s, step_s)
    return LossRule(
        threshold=survival.critical_availability,
        hold_steps=steps_of(survival.hold_s, step_s),
        window_steps=window_steps,
        deficit_steps=(1.0 - survival.critical_availability) * window_steps,
    )


def hold_rule(survival: Survival, hold_s: float, step_s: float) -> LossRule:
    """The first condition alone, for a length of its own."""
    return LossRule(survival.critical_availability, steps_of(hold_s, step_s), 0, np.inf)


def steps_of(duration_s: float, step_s: float) -> int:
    """Physics steps in a duration, at least one."""
    return max(round(duration_s / step_s), 1)


@kernel
def known_loss(critical: FloatArray, step: int, rule: LossRule) -> int:
    """The moment of loss that a step makes known, if there is one.

    Nothing later than the step counts: a loss is known as soon as either condition is met by what has been played, as a
    deficit only grows.

    Args:
        critical: ``[T]`` availability of emergency and voice users.
        step: the latest step; later entries of ``critical`` are not read.
        rule: what counts as lost.

    Returns:
        The first step for which a condition is met, -1 if there is none.
    """
    lost = NOT_LOST
    if critical[step] >= 1.0 - ROUNDING:
        return lost  # neither a run nor a deficit has grown
    unbroken = True
    deficit = 0.0
    for back in range(max(rule.hold_steps, rule.window_steps)):
        at = step - back
        if at < 0:
            break
        deficit += 1.0 - critical[at]
        below = critical[at] < rule.threshold - ROUNDING
        unbroken &= below
        held = unbroken and back + 1 >= rule.hold_steps
        lacking = back < rule.window_steps and deficit > rule.deficit_steps + ROUNDING
        if below and (held or lacking):
            lost = at
    return lost


@kernel
def update_losses(critical: FloatArray, step: NDArray[np.int64], lost_step: NDArray[np.int64], rule: LossRule) -> None:
    """Write the moments of loss that become known into ``lost_step [B]``; losses that are known stay.

    Args:
        critical: ``[B, T]``.
        step: ``[B]`` the latest step of each world.
        lost_step: ``[B]``, -1 where the network is not known to be lost.
        rule: what counts as lost.
    """
    for world in range(step.shape[0]):
        if lost_step[world] == NOT_LOST:
            lost_step[world] = known_loss(critical[world], step[world], rule)


@kernel
def first_loss(critical: FloatArray, rule: LossRule) -> int:
    """The moment of the loss that becomes known first in a whole series ``[T]``, -1 if none does."""
    lost = NOT_LOST
    for step in range(critical.shape[0]):
        lost = known_loss(critical, step, rule)
        if lost != NOT_LOST:
            break
    return lost
