"""TriMSM: matching of UEs with base stations that sleep where they can, its power control, and its peers."""
