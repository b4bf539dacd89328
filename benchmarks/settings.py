"""The settings of `python -m benchmarks`."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import torch

Precision = Literal["no", "bf16"]
DESCRIPTION = "Sentences per second of SPINN, TreeLSTM and LSTM side by side, and how cost grows."
LEAST_REPEATS = 3  # quartiles need three values


@dataclass(frozen=True, kw_only=True)
class Settings:
    """All settings that the measurements depend on, except the computer.

    Args:
        pairs: pairs of sentences in a batch, a table each, in rising order.
        size: D, width of words and of h.
        tracker_size: K, width of the Tracker.
        threads: of torch, on the CPU.
        repeats: of each measurement; slow encoders get fewer.
        device: in torch's words.
        precision: "bf16" for autocast to bfloat16.
        batches: different batches that one measurement passes through.
        lengths: words in each sentence, for the growth in length.
        words: words in a batch of any length.
        widths: D, for the growth in width.
        width_pairs: pairs in a batch of any width.
        seed: decides sentences and weights.
    """

    pairs: tuple[int, ...] = (32, 64, 128, 256)
    size: int = 300
    tracker_size: int = 64
    threads: int = 1
    repeats: int = 9
    device: str = "cpu"
    precision: Precision = "no"
    batches: int = 2
    lengths: tuple[int, ...] = (10, 30, 100, 300, 1000)
    words: int = 16_000
    widths: tuple[int, ...] = (64, 128, 256, 512, 1024)
    width_pairs: int = 64
    seed: int = 0


QUICK: dict[str, Any] = {
    "pairs": (64,),
    "repeats": LEAST_REPEATS,
    "batches": 1,
    "lengths": (10, 100, 1000),
    "words": 2000,
    "widths": (64, 256),
    "width_pairs": 16,
}


def parse(arguments: Sequence[str] | None = None) -> tuple[Settings, Path]:
    """Settings and the folder to write to; a wrong argument ends the program with code 2."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=DESCRIPTION)
    parser.add_argument("--quick", action="store_true", help="about a minute, and less precise")
    parser.add_argument("--pairs", type=at_least(1), nargs="+", help="default: 32 64 128 256")
    parser.add_argument("--size", type=at_least(1), help="D, width of words and h; default: 300")
    parser.add_argument("--tracker-size", type=at_least(1), help="K; default: 64")
    parser.add_argument("--threads", type=at_least(1), default=torch.get_num_threads())
    parser.add_argument("--repeats", type=at_least(LEAST_REPEATS), help="default: 9")
    parser.add_argument("--device", type=_device, default="cpu", help="default: cpu")
    parser.add_argument("--precision", choices=get_args(Precision))
    parser.add_argument("--out", type=Path, default=Path("runs/bench"), help="default: runs/bench")
    given = {k: v for k, v in vars(parser.parse_args(arguments)).items() if v is not None}
    quick, out = given.pop("quick"), given.pop("out")
    if "pairs" in given:
        given["pairs"] = tuple(sorted(set(given["pairs"])))
    return Settings(**(QUICK if quick else {}) | given), out


def at_least(least: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r}; expected a whole number from {least} on")
        return int(text)

    return number


def _device(text: str) -> str:
    try:
        torch.empty(1, device=text)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise argparse.ArgumentTypeError(f"{text!r} cannot be used here: {reason}") from error
    return text
