"""The generated tables of the documentation about controllers: those that ship, and the rules that all keep."""

from docs.tools.rows import table
from voltran.baselines.registry import CONTROLLERS
from voltran.envs.checks.controllers import CONTROLLER_RULES
from voltran.envs.controller import declarations_of, information_of

MOST_OPTIONS = 6  # that are listed one by one


def controllers() -> str:
    """Every controller that ships: which worlds it plays, what it knows and declares, and its options."""
    rows = []
    for name, entry in CONTROLLERS.items():
        controller = entry.make(name, {})
        declared = ", ".join(f"{key}: {word}" for key, word in declarations_of(controller).items())
        worlds = ", ".join(f"`{world}`" for world in entry.worlds) or "any"
        options = ", ".join(f"`{option}`" for option in entry.options)
        if entry.settings is not None and len(entry.options) > MOST_OPTIONS:
            options = f"{len(entry.options)}, see `{entry.settings.__name__}`"
        rows.append([f"`{name}`", worlds, information_of(controller), declared, options])
    return table(["name", "worlds", "knows", "declares", "options"], rows)


def controller_rules() -> str:
    """Rules of the conformance suite for controllers."""
    return table(
        ["rule", "demands"], [[f"`{name}`", " ".join(text.split())] for name, text in CONTROLLER_RULES.items()]
    )


TABLES = {made.__name__: made for made in (controllers, controller_rules)}
