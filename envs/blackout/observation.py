"""What a base-station agent sees: a documented, fixed-size vector of scaled floats per site.

The vector has three parts: the site itself, its six nearest neighbours, and the network. It does not depend on the
number of sites, so a policy moves between networks.
"""

from functools import partial

from voltran.envs.blackout.constants import CLASS_NAMES, MODE_NAMES, NEIGHBOURS, BlackoutConstants
from voltran.envs.blackout.view import OfNeighbours, SharedUsers
from voltran.envs.fields import Field
from voltran.envs.observations import GlobalState, Observation

# Sizes that fields may name.
MODES, CLASSES, BANDS, NEAR = "modes", "classes", "bands", "neighbours"

_own = partial(Field, clip=True)
_near = partial(Field, sees="neighbours", times=NEAR, clip=True)
_network = partial(Field, sees="network", clip=True)

OWN = (
    _own("soc", "share", 0, 1, "state.soc", "state of charge"),
    _own("energy", "kWh", 0, 2, "energy_kwh", "usable battery energy", scale=12),
    _own(
        "energy_above_mean", "kWh", -1, 1, "energy_above_mean_kwh", "usable energy minus the mean of the live sites",
        scale=12,
    ),
    _own("power", "kW", 0, 2, "state.service.power_kw", "site power now", scale=10),
    _own("mean_power", "kW", 0, 2, "mean_power_kw", "mean site power over the last hour", scale=10),
    _own("lifetime", "h", 0, 4, "lifetime_h", "usable energy over mean power, at most 24 h", scale=6),
    _own("alive", "flag", 0, 1, "alive", "the site is in operation"),
    _own("mode", "one-hot", 0, 1, "mode", "mode in force: normal, helping, assisted, sleep", size=MODES),
    _own("bands", "flags", 0, 1, "bands", "bands in force", size=BANDS),
    _own("home_demand", "Mbit/s", 0, 5, "home.demand_mbps", "demand of home users per class", size=CLASSES, scale=100),
    _own("resource_use", "share", 0, 1, "state.service.resource_use", "resource blocks in use per band", size=BANDS),
    _own("critical_users", "users", 0, 5, "home.critical", "emergency and voice users whose home this is", scale=20),
    _own("critical_users_alone", "users", 0, 5, "home.alone", "of these, those without a second server", scale=5),
    _own("users_close", "share", 0, 1, "home.close", "home users within the assisted radius"),
    _own("vehicles_present", "vehicles", 0, 5, "vehicles_present", "parked vehicles", scale=4),
    _own(
        "vehicles_accepting", "vehicles", 0, 5, "vehicles_accepting", "parked vehicles that have accepted a price",
        scale=4,
    ),
    _own("vehicle_power", "kW", 0, 2, "state.offered_kw", "power that accepting vehicles can give", scale=7),
    _own("vehicle_energy", "kWh", 0, 5, "vehicle_energy_kwh", "usable energy of accepting vehicles", scale=30),
    _own(
        "vehicle_energy_present", "kWh", 0, 5, "vehicle_energy_present_kwh", "usable energy of all parked vehicles",
        scale=30,
    ),
    _own("price", "$/kWh", 0, 2, "state.price", "price offered to vehicles", scale=1.5),
    _own("switches", "count", 0, 5, "state.switches", "mode changes so far", scale=20),
    _own("home_critical", "share", 0, 1, "home_critical", "availability of servable critical home users, last period"),
    _own("home_service", "share", 0, 1, "home_service", "satisfaction of home users, last period"),
    _own("reuse_colour", "one-hot", 0, 1, "around.colour", "reuse-3 colour of the site; neighbours differ", size=3),
)  # fmt: skip

NEIGHBOUR = (
    _near("exists", "flag", 0, 1, "around.exists", "there is such a neighbour; else all zero"),
    _near("energy_difference", "kWh", -2, 2, "energy_difference_kwh", "its usable energy minus the site's", scale=12),
    _near("alive", "flag", 0, 1, OfNeighbours("alive"), "it is in operation"),
    _near("mode", "one-hot", 0, 1, OfNeighbours("mode"), "its mode in force", size=MODES),
    _near("load", "share", 0, 1, OfNeighbours("load"), "its mean resource use over all bands"),
    _near("power", "kW", 0, 2, OfNeighbours("state.service.power_kw"), "its power now", scale=10),
    _near(
        "vehicle_energy", "kWh", 0, 5, OfNeighbours("vehicle_energy_kwh"), "usable energy of its accepting vehicles",
        scale=30,
    ),
    _near("distance", "m", 0, 5, "around.distance_m", "distance", scale=1000),
    _near(
        "assistance_potential", "share", 0, 1, "around.assistance_potential",
        "its assistance potential for the site, [MSRC] Eq. 1",
    ),
    _near(
        "backs_users", "share", 0, 1, SharedUsers("overlap", "backs"),
        "home users of the site whose second server it is",
    ),
    _near(
        "backs_critical", "share", 0, 1, SharedUsers("overlap_critical", "backs"),
        "critical home users of the site whose second server it is",
    ),
    _near(
        "backed_users", "share", 0, 1, SharedUsers("overlap", "backed"),
        "its home users whose second server the site is",
    ),
    _near(
        "backed_critical", "share", 0, 1, SharedUsers("overlap_critical", "backed"),
        "its critical home users whose second server the site is",
    ),
)  # fmt: skip

NETWORK = (
    _network("clock", "h", 0, 5, "clock_h", "time since the outage began", scale=5),
    _network("mean_lifetime", "h", 0, 4, "mean_lifetime_h", "mean lifetime of the sites", scale=6),
    _network("least_lifetime", "h", 0, 4, "least_lifetime_h", "least lifetime of the live sites", scale=6),
    _network("alive", "share", 0, 1, "share_alive", "sites in operation"),
    _network("helping", "share", 0, 1, "share_helping", "sites helping"),
    _network("assisted", "share", 0, 1, "share_assisted", "sites assisted"),
    _network("sleeping", "share", 0, 1, "share_sleeping", "sites asleep"),
    _network(
        "critical", "share", 0, 1, "critical", "availability of servable critical users at the end of the last period"
    ),
    _network("service", "share", 0, 1, "satisfaction", "mean satisfaction at the end of the last period"),
)

DEFAULT = (*OWN, *NEIGHBOUR, *NETWORK)
"""All built-in fields of a site, in the order of the vector."""


def dimensions(constants: BlackoutConstants) -> dict[str, int]:
    """Names and numbers that fields may refer to in ``size`` and ``times``."""
    return {MODES: len(MODE_NAMES), CLASSES: len(CLASS_NAMES), BANDS: constants.n_bands, NEAR: NEIGHBOURS}


def state_parts(constants: BlackoutConstants) -> list[Observation]:
    """The global state: every site's own part, then the network's."""
    numbers = dimensions(constants)
    return [
        Observation("bs", constants.n_sites, OWN, numbers, OWN),
        Observation("network", 1, NETWORK, numbers, NETWORK),
    ]


def global_state(constants: BlackoutConstants) -> GlobalState:
    """What centralised critics see."""
    return GlobalState(state_parts(constants))
