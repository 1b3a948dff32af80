"""Where power comes from besides batteries of the outage: weather, generation, the main grid, site batteries."""
