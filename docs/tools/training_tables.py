"""Tables of the documentation about training: every key of a configuration."""

from collections.abc import Callable, Collection

from pydantic import BaseModel

from docs.tools.rows import fields, table
from voltran.train.run_config import League, LearningConfig, RunConfig, Stage


def training_run() -> str:
    """Keys of a run."""
    names = [name for name in RunConfig.model_fields if name not in LearningConfig.model_fields]
    return keys(RunConfig, names)


def training_role() -> str:
    """Keys that each of several roles may have its own values of."""
    return keys(LearningConfig)


def training_stage() -> str:
    """Keys of a stage of a curriculum."""
    return keys(Stage)


def training_league() -> str:
    """Keys of a league."""
    return keys(League)


TABLES: dict[str, Callable[[], str]] = {
    made.__name__: made for made in (training_run, training_role, training_stage, training_league)
}


def keys(section: type[BaseModel], only: Collection[str] = ()) -> str:
    """Keys of a section, with defaults and meanings; all of them where none are named."""
    rows = [
        [f"`{name}`", "none" if default in ("()", "{}") else default, meaning]
        for name, default, meaning in fields(section, only)
    ]
    return table(["key", "default", "meaning"], rows)
