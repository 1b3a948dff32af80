"""Learned policies: networks, policy files, and the controller that plays them."""

from typing import TYPE_CHECKING

from voltran.offered import offered

if TYPE_CHECKING:
    from voltran.agents.foreign_policy import function_policy
    from voltran.agents.policy import LearnedPolicy, PolicyMetadata, load_policy
    from voltran.agents.zoo import forecaster_names, forecaster_path, policy_names, policy_path

_HOMES = {
    "LearnedPolicy": "voltran.agents.policy",
    "PolicyMetadata": "voltran.agents.policy",
    "forecaster_names": "voltran.agents.zoo",
    "forecaster_path": "voltran.agents.zoo",
    "function_policy": "voltran.agents.foreign_policy",
    "load_policy": "voltran.agents.policy",
    "policy_names": "voltran.agents.zoo",
    "policy_path": "voltran.agents.zoo",
}

__all__ = [
    "LearnedPolicy",
    "PolicyMetadata",
    "forecaster_names",
    "forecaster_path",
    "function_policy",
    "load_policy",
    "policy_names",
    "policy_path",
]

__getattr__, __dir__ = offered(__name__, _HOMES)
