"""Controllers compared on the same draws: episodes, statistics, tables and pictures."""
