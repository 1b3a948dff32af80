"""``voltran scenarios|controllers|experiments|policies``: short lists of what ships, and all of one by its name."""

import json
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Annotated, Any

import typer
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from voltran.cli.output import clipped, command, console, hand_over, say

Name = Annotated[str, typer.Argument(help="One of them, to see all of it; the list of all by default.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs; its keys stay as they are.")]
Shown = dict[str, Any]

SHORTEST = 12  # columns of the window for a summary


def scenarios(name: Name = "", as_json: AsJson = False) -> None:
    """List the scenarios that ship, or show the keys of one: a name or a YAML file."""
    from voltran.cli import shipped

    found = _asked_for(name, as_json, shipped.scenarios, shipped.scenario, "world")
    if found is None:
        return
    out = console()
    say(out, f"{found['name']}: {found['summary']}\nWorld: {found['world']}")
    hand_over(out, f"Play it: {command('evaluate', '--scenario', name)}")
    own = set(found["set"])
    say(out, "\nKeys, which --set KEY=VALUE changes; the scenario gives itself those with a star.\n")
    _pairs(out, [(f"{'*' if key in own else ' '} {key}", _value(value)) for key, value in _keys(found)])


def controllers(name: Name = "", as_json: AsJson = False) -> None:
    """List the controllers that have names, or show the options of one."""
    from voltran.cli import shipped

    found = _asked_for(name, as_json, shipped.controllers, shipped.controller, "worlds")
    if found is None:
        return
    out = console()
    say(out, f"{found['name']}: {found['summary']}\nWorlds: {', '.join(found['worlds']) or 'any'}")
    for key, word in {"knows": found.get("information", ""), **found.get("declarations", {})}.items():
        say(out, f"{key.replace('_', ' ').capitalize()}: {word}")
    if not found["options"]:
        say(out, "It has no options.")
        return
    say(out, f"\nOptions, written {name}:KEY=VALUE, with their defaults.\n")
    for option in found["options"]:
        say(out, f"{option['name']} = {_value(option['default'])}", style="bold")
        say(out, option["meaning"], indent=4)


def experiments(name: Name = "", as_json: AsJson = False) -> None:
    """List the experiments that ship, or show what one asks and plays: a name or a YAML file."""
    from voltran.cli import shipped

    found = _asked_for(name, as_json, shipped.experiments, shipped.experiment, "kind")
    if found is None:
        return
    out = console()
    say(out, f"{found['summary']}\n{found['question']}\n\n{found['description']}\n")
    hand_over(out, f"Play it: {command('experiment', name)}")
    played = found["configuration"]
    told = {key: played[key] for key in ("scenarios", "controllers", "seeds", "metrics") if played.get(key)}
    _pairs(out, [("Kind", found["kind"]), *((key.capitalize(), _value(value)) for key, value in told.items())])


def policies(name: Name = "", as_json: AsJson = False) -> None:
    """List the policies that ship, or show what the file of one says: a name, or the path of a file."""
    from voltran.cli import shipped

    found = _asked_for(name, as_json, shipped.policies, shipped.policy, "world")
    if found is None:
        return
    out, said = console(), found["metadata"]
    say(out, f"{found['name']}: {found['summary']}")
    hand_over(out, f"File: {found['file']}\nSHA-256: {found['sha256']}")
    network = said["network"]
    _pairs(
        out,
        [
            *[("World", said["world"]), ("Role", said["role"]), ("Knows", said["information"])],
            ("Trained on", ", ".join(dict.fromkeys(each["name"] for each in said["scenarios"]))),
            *((key.replace("_", " ").capitalize(), _value(said["training"].get(key))) for key in ("seed", "reward")),
            ("Observations", f"{said['observation_version']}, {network['observation_size']} values"),
            ("Actions", f"{said['action_version']}, {said['action_form']}, {_value(said['action_sizes'])}"),
            ("Network", f"{_value(network['widths'])} {network['activation']}"),
            ("Plays", "the likeliest actions" if said["deterministic"] else "samples"),
            ("Made with", f"voltran {said['voltran_version']}"),
        ],
    )


COMMANDS: tuple[Callable[..., None], ...] = (scenarios, controllers, experiments, policies)


# --- inside -----------------------------------------------------------------------------------------------------------


def _asked_for(
    name: str, as_json: bool, all_of_them: Callable[[], list[Shown]], one: Callable[[str], Shown], group: str
) -> Shown | None:
    """What is still to be shown for people: the one of a name. The list of all, and JSON, are printed here."""
    if not name:
        _list(all_of_them(), group, all_of_them.__name__, as_json)
        return None
    found = one(name)
    if as_json:
        _dump(found)
        return None
    return found


def _dump(found: object) -> None:
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False))


def _list(found: Sequence[Shown], group: str, what: str, as_json: bool) -> None:
    """A line each, below the world or the kind of those that follow each other."""
    if as_json:
        _dump(found)
        return
    out = console()
    longest = max((cell_len(each["name"]) for each in found), default=0)
    for heading, members in groupby(sorted(found, key=_order(found, group)), key=lambda each: _heading(each[group])):
        say(out, heading, style="bold")
        _pairs(out, [(f"  {each['name']:<{longest}}", each["summary"]) for each in members])
    hand_over(out, f"\nAll of one: {command(what, found[0]['name'])}" if found else "None.")


def _order(found: Sequence[Shown], group: str) -> Callable[[Shown], int]:
    """Groups in the order in which they come first."""
    places = list(dict.fromkeys(_heading(each[group]) for each in found))
    return lambda each: places.index(_heading(each[group]))


def _heading(group: str | Sequence[str]) -> str:
    return group if isinstance(group, str) else ", ".join(group) or "any world"


def _pairs(out: Console, pairs: Iterable[tuple[str, str]]) -> None:
    """Two columns, a line each; what is longer than the window ends in an ellipsis."""
    pairs = list(pairs)
    first = max((cell_len(key) for key, _ in pairs), default=0)
    for key, value in pairs:
        room = max(out.width - first - 2, SHORTEST)
        out.print(Text(f"{set_cell_size(key, first)}  {clipped(value, room)}".rstrip()), soft_wrap=True)


def _keys(found: Shown) -> list[tuple[str, Any]]:
    from voltran.cli.shipped import dotted

    return [pair for pair in dotted(found["keys"]) if pair[0] not in ("world", "name", "description")]


def _value(value: Any) -> str:
    """A value as one writes it for ``--set``."""
    if isinstance(value, str):
        return " ".join(value.split())
    return json.dumps(value, ensure_ascii=False)
