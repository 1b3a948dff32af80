"""How many small mistakes in the physics, and in the outage's simulation, rewards and metrics, the tests notice."""
