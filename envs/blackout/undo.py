"""Undoing a step in whose midst somebody else's part has failed."""

from collections.abc import Iterator
from contextlib import contextmanager

from voltran.envs.base import BatchedWorld
from voltran.envs.blackout.simulation import Simulation


@contextmanager
def undone_on_errors(world: BatchedWorld, simulation: Simulation) -> Iterator[None]:
    """Whatever fails in here leaves the world as it was."""
    before, dispatcher = world.get_state(), simulation.dispatcher
    # What the ledger tells of the latest step is no part of a snapshot; steps bind it anew and do not write into it.
    flows, residual_kw, imported = simulation.flows, simulation.residual_kw, dict(vars(simulation.imports))
    try:
        yield
    except BaseException:
        world.set_state(before)
        simulation.dispatcher, simulation.flows, simulation.residual_kw = dispatcher, flows, residual_kw
        vars(simulation.imports).update(imported)
        raise
