"""The generated tables of the pages of environments, the same ones for every world, read from its declaration."""

import inspect
import re
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from gymnasium import spaces

from docs.tools.rows import shown, table
from voltran.baselines.registry import CONTROLLERS
from voltran.envs.infos import EPISODE
from voltran.envs.meanings import entries
from voltran.envs.registry import make_world, spec_of_scenario, world_spec
from voltran.envs.scenario import scenario_names
from voltran.envs.world import Role, World
from voltran.envs.world_faces import WorldFaces

WORLDS = ("blackout", "brownout", "market", "sharing", "uplink")
INFOS = {
    "projected": "the action was masked out, and a legal one took its place",
    "repaired": "the joint constraints changed the agent's choice",
    "links": "sites that it is linked to, as helper or as helped one",
    "alive": "the site is in operation",
    "awake": "the UBS serves somebody",
    "bought_kwh": "energy bought from retailers in the period",
    "paid_usd": "paid for power in the period",
    "unserved_kwh": "energy that was needed in the period and that nobody gave",
    "price_usd_per_kwh": "price in force",
    "sold_kwh": "energy sold in the period",
    "spilled_kwh": "generation that nobody took in the period",
    "grid_kwh": "energy that its sites took from the grid in the slot",
    "battery_kwh": "energy that its sites took from the battery in the slot",
    "survival_lost": "the network counts as lost from now on",
    "satisfaction_usd": "what served power is worth",
    "generation_cost_usd": "what generation costs",
    "lost_load_usd": "what load that nobody served costs",
    "main_paid_usd": "payments to the main grid",
    "welfare_usd": "welfare of the period",
    "wear_usd": "wear of batteries",
    "energy_cost_eur": "energy bought for sites",
    "charge_cost_eur": "energy bought for batteries",
    "wear_eur": "wear of batteries",
    "lost_load_eur": "load that nobody served",
    "refill_eur": "what a battery lacks at the end of the episode",
}
REWARDS = {
    ("blackout", "team"): "the same for every site: survival and service, less payments to vehicles and mode changes",
    ("blackout", "local"): "a site's own part and its neighbours': service and spent energy of its home",
    ("blackout", "mixed"): "some of the local reward, and the rest of the team's",
    ("brownout", "team"): "the outage's, less what sites pay on average; retailers get their profit",
    ("brownout", "local"): "the outage's, less what each site pays itself; retailers get their profit",
    ("brownout", "mixed"): "some of the local reward, and the rest of the team's; retailers get their profit",
    ("market", "own"): "what power is worth to a site, less what it pays and loses; a retailer's profit",
    ("market", "welfare"): "the welfare of all, over the number of agents",
    ("sharing", "own"): "own purchases, the share of charging and wear, and lost load, in EUR, negative",
    ("sharing", "common"): "mean costs of the agents at the same infrastructure, in EUR, negative",
    (
        "sharing",
        "saving",
    ): "what all saved there over the grid alone, in equal parts, and what storage gained, in EUR",
    ("uplink", "team"): "the same for every UBS: efficiency, less missing rates and UBSs that wake up",
    ("uplink", "local"): "what a UBS adds to the team's reward",
}
# What all faces take, and what it means; those of single faces stand with the faces.
COMMON = {
    "scenario": "name of a shipped scenario, or path of a YAML file",
    "overrides": "scenario keys and their values, such as `{'users.count': 500}`",
    "mask": 'where masks travel in PettingZoo\'s forms: `"info"`, `"obs"`, or None',
    "render_mode": '`"human"`, `"ansi"`, `"rgb_array"`, or None',
    "max_cycles": "horizon in decisions, instead of the scenario's",
    "episodes": "seeds of the episodes that resets without a seed play, in their order",
}


def overview(world: str) -> str:
    """What one wants to know first, in the order of PettingZoo's pages."""
    built, spec = _world(world), world_spec(f"{world}_v0")
    parts = {
        "Import": f"`from voltran.envs import {spec.name}`",
        "Gymnasium": f'`gymnasium.make("{spec.gymnasium_id}")`, the central form',
        "Agents": ", ".join(_agents(role) for role in built.roles),
        "Action space": _by_role(built, lambda role: _space(role.action_space)),
        "Action mask": _by_role(built, lambda role: f"{role.mask_size} entries"),
        "Observation": _by_role(built, lambda role: f"`{role.observation_space.shape}`, float32"),
        "State": f"`{built.state_space.shape}`, float32",
        "Rewards": ", ".join(f"`{name}`" for name in spec.rewards),
        "Horizon": f"{built.max_decisions} decisions",
        "Scenario": f"`{spec.default_scenario}`",
        "Rendering": ", ".join(f"`{mode}`" for mode in WorldFaces(spec.name).parallel_env().metadata["render_modes"]),
    }
    return table(["", ""], [[f"**{name}**", value] for name, value in parts.items()])


def versions(world: str) -> str:
    """Versions of observations and actions, which policies are tied to."""
    built = _world(world)
    rows = [
        [
            f"`{role.name}`",
            f"`{role.observation_version or built.observation_version}`",
            f"`{role.action_version or built.action_version}`",
        ]
        for role in built.roles
    ]
    return table(["role", "observation", "action"], rows)


def rewards(world: str) -> str:
    """Rewards by name, and which are paid and learnt from unless told otherwise."""
    spec = world_spec(f"{world}_v0")
    rows = []
    for index, name in enumerate(spec.rewards):
        default = ", ".join(
            [*(["of environments"] if index == 0 else []), *(["of training"] if name == spec.training_reward else [])]
        )
        rows.append([f"`{name}`", REWARDS[world, name], default])
    return table(["reward", "who gets what", "default"], rows)


def infos(world: str) -> str:
    """Keys of infos besides masks and components of rewards."""
    spec = world_spec(f"{world}_v0")
    rows = [
        [f"`{key}`", "all" if role == EPISODE else f"`{role}`", INFOS[key], shown(value)]
        for role, keys in spec.infos.items()
        for key, value in keys.items()
    ]
    return table(["key", "agents", "meaning", "before the first step"], rows)


def arguments(world: str) -> str:
    """Arguments of the functions that build environments: what all take, then the world's own."""
    spec = world_spec(f"{world}_v0")
    common = inspect.signature(WorldFaces.parallel_env).parameters
    rows = [[f"`{name}`", _default(common[name]), meaning] for name, meaning in COMMON.items()]
    rows[0][1] = f"`{spec.default_scenario}`"
    built = spec.load("world")
    meanings: dict[str, str] = {}
    for ancestor in reversed(built.__mro__):
        meanings |= {name: text for name, text in _arguments(ancestor).items() if not text.startswith("as in ")}
    own = inspect.signature(built).parameters
    rows += [[f"`{name}`", _default(own[name]), meanings[name]] for name in spec.options]
    return table(["argument", "default", "meaning"], rows)


def scenarios(world: str) -> str:
    """Shipped scenarios with their agents and lengths."""
    rows = []
    for name in scenario_names():
        if spec_of_scenario(name).name == f"{world}_v0":
            built = make_world(name)
            agents = " + ".join(str(role.count) for role in built.roles)
            rows.append([f"`{name}`", agents, str(built.max_decisions), built.scenario.description])
    return table(["scenario", "agents", "decisions", ""], rows)


def controllers(world: str) -> str:
    """Who plays it of those that ship."""
    names = [name for name, entry in CONTROLLERS.items() if not entry.worlds or f"{world}_v0" in entry.worlds]
    return ", ".join(f"`{name}`" for name in names) + "\n"


@cache
def _world(world: str) -> World:
    return make_world(world_spec(f"{world}_v0").default_scenario)


def _agents(role: Role) -> str:
    return f"{role.count}: `{role.agent_ids[0]}`" + (f" to `{role.agent_ids[-1]}`" if role.count > 1 else "")


def _by_role(world: World, say: Callable[[Role], str]) -> str:
    if len(world.roles) == 1:
        return say(world.roles[0])
    return "; ".join(f"`{role.name}`: {say(role)}" for role in world.roles)


def _space(space: spaces.Space[Any]) -> str:
    return f"`{space}`"


def _default(parameter: inspect.Parameter) -> str:
    value = parameter.default
    return f'`"{value}"`' if isinstance(value, str) else "" if value is None else f"`{value}`"


def _arguments(described: type) -> dict[str, str]:
    """Names and meanings of the section ``Args`` of a class's own docstring."""
    return {name: _plain(meaning) for name, meaning in entries(described, "Args").items()}


def _plain(text: str) -> str:
    """A piece of a docstring as Markdown in one line."""
    words = " ".join(text.split()).replace("``", "`")
    return re.sub(r":\w+:`~?(?:[\w.]+\.)?(\w+)`", r"`\1`", words)


PARTS = (overview, arguments, rewards, infos, scenarios, controllers, versions)
TABLES: dict[str, Callable[[], str]] = {
    f"{world}_{make.__name__}": partial(make, world) for world in WORLDS for make in PARTS
}
