"""Forecasts of what sites will draw: a recurrent network that sites train together, each on data that stay with it.

Source: [CG] Sec. III-A.
"""
