"""How worlds show an episode while it plays."""
