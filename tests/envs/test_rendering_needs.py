"""Environments that shall draw say when they are made what is missing for it, not at the first picture."""

import pytest

import voltran
from voltran.envs import pictured
from voltran.envs.errors import MissingExtraError

FACES = ("parallel", "aec", "central", "vector", "central-vector")


@pytest.mark.parametrize("face", FACES)
def test_images_ask_for_matplotlib_when_the_environment_is_made(face: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictured, "find_spec", lambda name: None if name == "matplotlib" else name)
    with pytest.raises(MissingExtraError, match=r"'rgb_array'.* need matplotlib.*run: pip install matplotlib"):
        voltran.make("toy3", face=face, render_mode="rgb_array")  # type: ignore[call-overload]
    voltran.make("toy3", face=face, render_mode="ansi")  # type: ignore[call-overload]
