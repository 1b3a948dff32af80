"""Let TriMSM run a day of the uplink world: the second example of the README."""

from voltran.baselines import make
from voltran.envs.registry import make_world

world, controller = make_world("uplink20"), make("trimsm-eipc")
world.reset(seeds=[0])
controller.reset(world)
for _ in range(world.max_decisions):
    world.step(controller.act(world))
print(f"{world.kpis()['energy_efficiency'][0]:.2f} Mbit/J with {world.kpis()['active_ubs'][0]:.1f} of 20 base stations")
