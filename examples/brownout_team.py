"""Let a team play a day of the brownout: sites take turns at sleeping, retailers set prices."""

from voltran.baselines import make
from voltran.envs.registry import make_world
from voltran.envs.team import Team

world = make_world("urban19-brownout-medium", overrides={"survival.end": "horizon"})
team = Team({"bs": make("rotating-sleep"), "retailer": make("cost-plus")})
world.reset(seeds=[0])
team.reset(world)
for _ in range(world.max_decisions):
    world.step(team.act(world))
found = {name: values[0] for name, values in world.kpis().items()}
print(f"{found['bought_kwh']:.0f} kWh bought at {found['mean_price_usd_per_kwh']:.2f} USD/kWh")
print(f"{found['service_hours']:.1f} of 24 h of service, welfare {found['welfare_usd']:.0f} USD")
