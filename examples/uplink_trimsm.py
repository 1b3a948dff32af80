"""Let TriMSM run a day of the uplink world: the third example of the README."""

import voltran

world, controller = voltran.make_world("uplink20"), voltran.make_controller("trimsm-eipc")
world.reset(seeds=[0])
controller.reset(world)
for _ in range(world.max_decisions):
    world.step(controller.act(world))
print(f"{world.kpis()['energy_efficiency'][0]:.2f} Mbit/J with {world.kpis()['active_ubs'][0]:.1f} of 20 base stations")
