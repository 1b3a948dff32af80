"""Plans of operators that share batteries: who draws from grid or battery, and when batteries charge. Source: [CG]."""
