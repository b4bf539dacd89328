"""Tasks: `task` is the contract; heads, losses and metrics."""
