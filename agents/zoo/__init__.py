"""What ships with the package, trained by its own configurations; ``zoo:NAME`` on the command line.

Policies play; forecasters, whose names end in ``-forecaster``, tell what sites will draw.
"""

from importlib import resources
from pathlib import Path

from voltran.envs.errors import ScenarioError

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
    if name not in policy_names():
        known = ", ".join(policy_names()) or "none"
        raise ScenarioError(f"policy zoo:{name} is unknown; shipped policies: {known}")
    return _path(name)


def forecaster_path(name: str) -> Path:
    """File of a shipped forecaster.

    Raises:
        ScenarioError: no such forecaster.
    """
    if name not in forecaster_names():
        known = ", ".join(forecaster_names()) or "none"
        raise ScenarioError(f"forecaster zoo:{name} is unknown; shipped forecasters: {known}")
    return _path(name)


def _names() -> list[str]:
    files = resources.files("voltran.agents.zoo").iterdir()
    return sorted(file.name.removesuffix(SUFFIX) for file in files if file.name.endswith(SUFFIX))


def _path(name: str) -> Path:
    return Path(str(resources.files("voltran.agents.zoo") / f"{name}{SUFFIX}"))
