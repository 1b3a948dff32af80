"""A controller that plays one episode and waits in all others, so that a command can be stopped in the midst."""

import os
import time
from pathlib import Path
from typing import Any

from tests.evaluation.fake_outage import FakeController, FakeOutage
from voltran.envs.world import World

LOG = "VOLTRAN_TEST_LOG"
FIRST = 1000


class Waiting(FakeController):
    """Notes the process that waits."""

    def __init__(self) -> None:
        super().__init__("waiting", 0)

    def act(self, world: World) -> dict[str, Any]:
        """Play the first seed's episode; otherwise wait until the process ends."""
        assert isinstance(world, FakeOutage)
        if world.seeds[0] != FIRST:
            with Path(os.environ[LOG]).open("a", encoding="utf-8") as log:
                log.write(f"{os.getpid()}\n")
            time.sleep(3600.0)
        return super().act(world)
