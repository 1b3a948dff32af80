"""A learning library that is missing, or whose version is known not to work, is said before anything is imported."""

from importlib.metadata import PackageNotFoundError

import pytest

from voltran.envs import libraries
from voltran.envs.errors import MissingExtraError, ScenarioError
from voltran.envs.libraries import LIBRARIES, require_library


def install(monkeypatch: pytest.MonkeyPatch, **versions: str) -> None:
    """Let these packages be all that is installed."""

    def version(name: str) -> str:
        if name.replace("-", "_") not in versions:
            raise PackageNotFoundError(name)
        return versions[name.replace("-", "_")]

    monkeypatch.setattr(libraries, "version", version)


@pytest.mark.parametrize(
    ("library", "installed", "message"),
    [
        ("tianshou", {}, "tianshou: tianshou is not installed; pandas is not installed. Run: pip install 'tianshou"),
        ("tianshou", {"tianshou": "1.1.0", "pandas": "2.3"}, "tianshou>=2.0 works, 1.1.0 is installed"),
        ("tianshou", {"tianshou": "2.0.1", "pandas": "3.1.1"}, "pandas<3 works, 3.1.1 is installed"),
        ("benchmarl", {"benchmarl": "1.5.2", "torchrl": "0.14.1"}, "torchrl<0.12 works, 0.14.1 is installed"),
        ("agilerl", {"agilerl": "2.58", "pettingzoo": "1.27.0", "peft": "0.21"}, "pettingzoo<1.27 works, 1.27.0 is"),
        ("agilerl", {"agilerl": "2.58", "pettingzoo": "1.26.1"}, "peft is not installed"),
        ("single-file", {}, "pip install 'torch>=2.4', or in a checkout: make interop-single-file"),
        ("rllib", {"torch": "2.13.0"}, "ray is not installed"),
    ],
)
def test_what_is_missing_or_does_not_work_is_named_with_the_remedy(
    library: str, installed: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, **installed)
    with pytest.raises(MissingExtraError) as caught:
        require_library(library)
    assert message in str(caught.value)
    assert f"make interop-{library}" in str(caught.value)


@pytest.mark.parametrize(
    ("library", "installed"),
    [
        ("tianshou", {"tianshou": "2.0.1", "pandas": "2.3.3"}),
        ("single-file", {"torch": "2.14.0.dev1"}),
        ("rllib", {"ray": "2.60.0", "torch": "2.13.0+cpu"}),
    ],
)
def test_versions_that_are_not_known_to_fail_pass(
    library: str, installed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    install(monkeypatch, **installed)
    require_library(library)


def test_an_unknown_library_is_refused() -> None:
    with pytest.raises(ScenarioError, match=rf"library = 'nobody' is unknown; known ones: {next(iter(LIBRARIES))}"):
        require_library("nobody")
