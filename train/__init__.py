"""Training, evaluation, statistics, tables, plots and the command line."""
