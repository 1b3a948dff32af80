"""Tests of the voltran package."""
