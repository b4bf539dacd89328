"""Training: `run` is one run in order, `loop` the training loop, `build` the configuration."""
