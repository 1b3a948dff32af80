"""Policies that ship with the package, trained by its own configurations; ``zoo:NAME`` on the command line."""

from importlib import resources
from pathlib import Path

from voltran.envs.errors import ScenarioError

SUFFIX = ".safetensors"


def policy_names() -> list[str]:
    """Names of the shipped policies."""
    files = resources.files("voltran.agents.zoo").iterdir()
    return sorted(file.name.removesuffix(SUFFIX) for file in files if file.name.endswith(SUFFIX))


def policy_path(name: str) -> Path:
    """File of a shipped policy.

    Raises:
        ScenarioError: no such policy.
    """
    if name not in policy_names():
        known = ", ".join(policy_names()) or "none"
        raise ScenarioError(f"policy zoo:{name} is unknown; shipped policies: {known}")
    return Path(str(resources.files("voltran.agents.zoo") / f"{name}{SUFFIX}"))
