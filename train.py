"""Train a sentence encoder: `python train.py model=spinn data=natlog`; `--help` lists the rest."""

import sys

import hydra
from omegaconf import DictConfig

from spinn.cli.train import launch, train


@hydra.main(version_base="1.3", config_path="conf", config_name="train")
def main(config: DictConfig) -> float:
    """Train as the configuration says, and return the best score on dev."""
    return train(config)


if __name__ == "__main__":
    sys.exit(launch(main))
