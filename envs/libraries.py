"""Learning libraries that our environments were tried with: which versions work, and how to get them."""

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType

from packaging.requirements import Requirement

from voltran.envs.errors import MissingExtraError, ScenarioError

# Library -> what it needs besides us. A bound says that what lies beyond is known not to work.
LIBRARIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "sb3": ("stable-baselines3>=2.7", "sb3-contrib>=2.7"),
        "single-file": ("torch>=2.4",),
        "tianshou": ("tianshou>=2.0", "pandas<3"),
        "skrl": ("skrl>=2.0", "torch>=2.4"),
        "torchrl": ("torchrl>=0.11",),
        "rllib": ("ray[rllib]>=2.60", "torch>=2.4"),
        "benchmarl": ("benchmarl>=1.5", "torchrl<0.12"),
        "agilerl": ("agilerl>=2.5", "pettingzoo<1.27", "peft"),
    }
)


def require_library(library: str) -> None:
    """Say what a library lacks before anything of it is imported.

    Args:
        library: one of :data:`LIBRARIES`.

    Raises:
        MissingExtraError: a package is not installed, or in a version that is known not to work; says what to install.
        ScenarioError: an unknown library.
    """
    if library not in LIBRARIES:
        raise ScenarioError(f"library = {library!r} is unknown; known ones: {', '.join(LIBRARIES)}")
    needed = LIBRARIES[library]
    found = {text: _installed(Requirement(text)) for text in needed}
    wrong = [
        f"{Requirement(text).name} is not installed" if have is None else f"{text} works, {have} is installed"
        for text, have in found.items()
        if have is None or not Requirement(text).specifier.contains(have, prereleases=True)
    ]
    if wrong:
        packages = " ".join(f"'{text}'" for text in needed)
        raise MissingExtraError(
            f"{library}: {'; '.join(wrong)}. Run: pip install {packages}, or in a checkout: make interop-{library}"
        )


def _installed(requirement: Requirement) -> str | None:
    """Version of a package; None where there is none."""
    try:
        return version(requirement.name)
    except PackageNotFoundError:
        return None
