"""Experiments and studies that reproduce tables and figures of the papers, and their pages."""
