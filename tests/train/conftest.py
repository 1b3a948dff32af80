"""What the tests of evaluation share."""

from pathlib import Path

import pytest


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    """A scenario file for the fake outage."""
    path = tmp_path / "fake.yaml"
    path.write_text("world: fake_v0\nname: fake\n")
    return str(path)
