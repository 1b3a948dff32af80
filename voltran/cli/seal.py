"""``voltran seal``: checksums for files of weights that were written without one."""

from pathlib import Path
from typing import Annotated

import typer


def seal(
    files: Annotated[list[Path], typer.Argument(help="Policies and forecasters: .safetensors files.")],
) -> None:
    """Give files of policies and forecasters a checksum, by which damage is found when they are loaded."""
    from voltran.agents.weight_files import seal_weights

    for file in files:
        typer.echo(f"{file}: {'has a checksum now' if seal_weights(file) else 'has one already, and it is right'}")
