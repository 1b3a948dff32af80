"""Tables of renewable generation: data files that say where their numbers come from."""
