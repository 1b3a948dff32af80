"""Rule-based and optimisation controllers."""
