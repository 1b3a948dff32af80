"""A controller of one's own against one that ships and a learned one, on the same episodes."""

import numpy as np

import voltran


class TurnAbout:
    """Every other site helps, the others sleep or, where they may not, stay as they are; they change every hour."""

    def reset(self, world):
        pass

    def act(self, world):
        masks = world.action_masks()["bs"]
        turn = (world.decision[:, None] // 4 + np.arange(masks.shape[1])) % 2
        wanted = world.codec.code_mode == np.where(turn, 1, 3)[..., None]  # modes: 1 helping, 3 sleep
        return {"bs": np.where(wanted & masks, 2, masks * 1).argmax(axis=-1)}


results = voltran.evaluate("toy3", [TurnAbout, "rotating-sleep", "zoo:blackout"], seeds=5)
for name, played in results.controllers.items():
    print(f"{name}: survives {played.metrics['survival_h'].mean:.1f} h")
