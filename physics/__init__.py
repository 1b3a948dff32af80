"""Physics: pure functions over arrays; every formula of the papers stands here once."""
