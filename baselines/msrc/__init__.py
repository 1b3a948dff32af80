"""The two-stage controller of [MSRC]: modes by a mixed-integer program, dispatch by the world's scheduler."""
