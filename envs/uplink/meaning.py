"""What the order of UEs in observations and actions means, for those who learn from them."""

from typing import Any

from voltran.envs.uplink.actions import ActionCodec


def ubs_meaning(codec: ActionCodec) -> dict[str, Any]:
    """What a policy for UBSs is tied to: see ``Role.meaning``, besides what it observes."""
    order = f"the {codec.most} strongest active ones, strongest first" if codec.form == "joint" else "all, as numbered"
    return {"ues": order}
