"""Options that several commands share."""

from typing import Annotated

import typer

Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Set one key differently; may be repeated.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Continue what the output folder holds.")]
