"""Learned policies: networks, policy files, and the controller that plays them."""
