"""Options that several commands share."""

from typing import Annotated

import typer

Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Set one key differently; may be repeated.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Continue what the output folder holds.")]
ReplaySeed = Annotated[
    int | None,
    typer.Option(min=0, help="Seed of the episodes that replay.html shows, of four controllers; the first by default."),
]
NoReplay = Annotated[bool, typer.Option("--no-replay", help="Record no episodes, and write no replay.html.")]


def chosen_replay(replay_seed: int | None, no_replay: bool, first_seed: int) -> int | None:
    """The seed that is recorded; None where none is.

    Raises:
        VoltranError: a seed, and none.
    """
    from voltran.envs.errors import VoltranError

    if no_replay and replay_seed is not None:
        raise VoltranError(f"--replay-seed {replay_seed} with --no-replay: leave one of them out")
    return None if no_replay else first_seed if replay_seed is None else replay_seed
