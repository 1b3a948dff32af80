"""``voltran record``: one episode of one controller as a video."""

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from voltran.cli.options import Overrides
from voltran.cli.output import console as open_console
from voltran.cli.output import hand_over


def record(
    scenario: Annotated[str, typer.Argument(help="Scenario: a shipped name or a YAML file; it is played as it is.")],
    video: Annotated[Path, typer.Option(help="File for the video, .mp4 or .gif, in a folder that exists.")],
    controller: Annotated[
        str | None, typer.Option(help="Who plays, as for evaluate; by default the first of the scenario's world.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the episode.")] = 1000,
    fps: Annotated[float, typer.Option(help="Frames per second, 0.1 to 50.")] = 4.0,
    every: Annotated[int, typer.Option(min=1, help="Decisions from one frame to the next.")] = 1,
    overrides: Overrides = None,
) -> None:
    """Play one episode and write it as a video: a frame at its start and after every decision."""
    from voltran.envs.errors import ScenarioError
    from voltran.envs.scenario import parse_overrides
    from voltran.evaluation.controller_spec import parse_controllers
    from voltran.evaluation.evaluation import default_controllers
    from voltran.evaluation.setting import Setting
    from voltran.evaluation.video import frames, require_frames, require_video, write_video

    console = open_console()
    require_video(video, fps)
    named = parse_controllers(controller or default_controllers(scenario)[:1])
    if len(named) != 1:
        raise ScenarioError(f"controller = {controller!r}: {len(named)} are named; name one")
    player = named[0].builder()
    world = Setting(scenario, parse_overrides(overrides or []), {}).build_world(player)
    world.played_by = named[0].label
    count = require_frames(world, video, every)
    images = track(frames(world, player, seed, every), "Drawing", count, console=console, transient=True)
    write_video(video, images, fps)
    hand_over(console, f"Video: {video}")
