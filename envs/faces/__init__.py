"""The four faces of a world: PettingZoo Parallel and AEC, Gymnasium central, SB3 VecEnv."""
