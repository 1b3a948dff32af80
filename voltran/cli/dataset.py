"""``voltran dataset``: what controllers did, written down for those who learn from it."""

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from voltran.cli.compiling import PlayingCommand
from voltran.cli.options import Overrides, Resume
from voltran.cli.output import console as open_console
from voltran.cli.output import hand_over
from voltran.evaluation.cores import CORES

DEFAULT = "make"


class DefaultGroup(TyperGroup):
    """Takes ``voltran dataset SCENARIO`` for ``voltran dataset make SCENARIO``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the usual command in front of anything that names none."""
        if args and args[0] not in self.commands and not {"--help"} & set(args[:1]):
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)


dataset = typer.Typer(
    cls=DefaultGroup,
    no_args_is_help=True,
    help="Write what controllers do as a data set: voltran dataset SCENARIO --controllers A,B --out DIR.",
)

Option = Annotated[
    list[str] | None,
    typer.Option("--option", metavar="KEY=VALUE", help="Option of the world, such as reward=local; may be repeated."),
]


@dataset.command(DEFAULT, cls=PlayingCommand)
def make(
    scenario: Annotated[str, typer.Argument(help="Scenario: a shipped name or a YAML file; it is played as it is.")],
    controllers: Annotated[
        str, typer.Option(help="Who plays, separated by commas, as for voltran evaluate; all on the same seeds.")
    ],
    episodes: Annotated[int, typer.Option(min=1, help="Episodes of each controller.")] = 100,
    first_seed: Annotated[
        int | None, typer.Option(help="The seeds follow each other from here; 2^32 by default, not below 1000000.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the datasheet and the shards.")] = Path("runs/dataset"),
    roles: Annotated[
        list[str] | None, typer.Option("--role", help="A role to record; may be repeated; all by default.")
    ] = None,
    worlds: Annotated[
        int, typer.Option(min=1, help="Episodes played together; changes nothing of what is written.")
    ] = 16,
    jobs: Annotated[int, typer.Option(min=1, help="Worker processes; as many as there are cores by default.")] = CORES,
    license: Annotated[str | None, typer.Option(help="License to name in the datasheet, such as CC-BY-4.0.")] = None,
    resume: Resume = False,
    overrides: Overrides = None,
    options: Option = None,
) -> None:
    """Play controllers and write every decision: what agents saw, might do, did and got."""
    from voltran.datasets.datasheet import UNSTATED
    from voltran.datasets.making import make as make_dataset
    from voltran.envs.metric import MISSING
    from voltran.envs.scenario import parse_overrides
    from voltran.envs.seeds import FIRST_DATASET_SEED
    from voltran.evaluation.fitting_table import FittingTable

    console = open_console()
    made = make_dataset(
        scenario,
        controllers,
        episodes,
        out,
        first_seed=FIRST_DATASET_SEED if first_seed is None else first_seed,
        overrides=parse_overrides(overrides or []),
        options=parse_overrides(options or []),
        roles=roles or (),
        worlds=worlds,
        jobs=jobs,
        resume=resume,
        license=license or UNSTATED,
        progress=console,
    )
    roles_played = list(dict.fromkeys(role for record in made.controllers.values() for role in record.returns))
    rows = [
        [
            *(label, str(record.episodes), str(record.decisions)),
            *(f"{record.returns[role].mean:.3f}" if role in record.returns else MISSING for role in roles_played),
        ]
        for label, record in made.controllers.items()
    ]
    heads = ["", "Episodes", "Decisions", *(f"Mean return, {role}" for role in roles_played)]
    console.print(FittingTable(heads, rows))
    hand_over(console, f"Data set: {out}")


@dataset.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Data set, as voltran dataset wrote it.")],
    to: Annotated[str, typer.Option(help="Format: minari, or vault (Flashbax, as OG-MARL reads it).")],
    name: Annotated[
        str,
        typer.Option(
            "--id", help="Name of what is made: voltran/blackout/rules-v0 in Minari, vaults/blackout.vlt/rules."
        ),
    ],
    roles: Annotated[
        list[str] | None, typer.Option("--role", help="A role to hand on; may be repeated; all by default.")
    ] = None,
    controllers: Annotated[
        list[str] | None,
        typer.Option("--controller", help="Whose episodes to hand on; may be repeated; everybody's by default."),
    ] = None,
) -> None:
    """Hand a data set on in another library's format."""
    from voltran.datasets.exports import export as hand_on

    where = hand_on(folder, to, name, roles=roles or (), controllers=controllers or ())
    hand_over(open_console(), f"Written: {where}")
