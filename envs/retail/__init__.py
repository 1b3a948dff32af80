"""Retailers: their generation, prices and sales, in every world in which there are some. Source: [DPA]."""
