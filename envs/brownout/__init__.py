"""The outage with retailers, ``brownout_v0``: a little power, to share and to pay for. Source: [MSRC], [DPA]."""
