"""What ships with the package, trained by its own configurations; ``zoo:NAME`` on the command line.

Policies play; forecasters, whose names end in ``-forecaster``, tell what sites will draw.
"""

from importlib import resources
from pathlib import Path

from voltran.envs.errors import ScenarioError
from voltran.envs.nearest import did_you_mean

SUFFIX = ".safetensors"
FORECASTER = "-forecaster"


def policy_names() -> list[str]:
    """Names of the shipped policies."""
    return [name for name in _names() if not name.endswith(FORECASTER)]


def forecaster_names() -> list[str]:
    """Names of the shipped forecasters."""
    return [name for name in _names() if name.endswith(FORECASTER)]


def policy_path(name: str) -> Path:
    """File of a shipped policy.

    Raises:
        ScenarioError: no such policy.
    """
    return _path(name, "policy", policy_names(), "policies")


def forecaster_path(name: str) -> Path:
    """File of a shipped forecaster.

    Raises:
        ScenarioError: no such forecaster.
    """
    return _path(name, "forecaster", forecaster_names(), "forecasters")


def _names() -> list[str]:
    files = resources.files("voltran.agents.zoo").iterdir()
    return sorted(file.name.removesuffix(SUFFIX) for file in files if file.name.endswith(SUFFIX))


def _path(name: str, kind: str, known: list[str], kinds: str) -> Path:
    if name not in known:
        hint = did_you_mean(name, known)
        raise ScenarioError(f"{kind} zoo:{name} is unknown; {hint}shipped {kinds}: {', '.join(known) or 'none'}")
    return Path(str(resources.files("voltran.agents.zoo") / f"{name}{SUFFIX}"))
