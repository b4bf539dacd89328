"""The choice of threads and precision for a model and a machine, and the memory in use."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import torch
from torch import nn

from spinn.errors import InputError
from spinn.text import plural

Precision = Literal["no", "bf16", "fp16"]

# Weights below which one thread is the default. Threads wait for each other at every product: with
# 370,000 weights (spinn on natlog) two threads train 1.03 to 1.14 times as fast as one on two quiet
# cores, and a fifth as fast on busy ones. With 660,000 (bilstm) they train 1.3 times as fast.
SMALL_MODEL = 500_000
MIB = 2**20
CPUINFO = Path("/proc/cpuinfo")
# Instructions for products of bf16 numbers, by their flags in CPUINFO: x86, x86, ARM.
BF16_FLAGS = {"avx512_bf16": "AVX512_BF16", "amx_bf16": "AMX", "bf16": "BF16"}

log = logging.getLogger(__name__)


@contextmanager
def threads_for(model: nn.Module, threads: int | None) -> Iterator[None]:
    """Set torch's CPU threads inside the block; without a number, choose it by the model's size.

    Embedding tables do not count: a step reads a few of their rows.
    """
    before = torch.get_num_threads()
    tables = sum(m.weight.numel() for m in model.modules() if isinstance(m, nn.Embedding))
    weights = sum(p.numel() for p in model.parameters()) - tables
    if threads is not None:
        chosen, reason = threads, "trainer.threads"
    elif weights < SMALL_MODEL:
        chosen, reason = 1, f"{weights:,} weights outside embeddings, fewer than {SMALL_MODEL:,}"
    else:
        chosen, reason = before, f"{weights:,} weights outside embeddings; torch's default"
    torch.set_num_threads(chosen)
    log.info("%s on the CPU (%s)", plural(chosen, "thread"), reason)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def check_hardware(device: str, precision: str) -> None:
    """Raise InputError if a device is not there, or cannot compute with a precision."""
    has_cuda = torch.cuda.is_available()
    if device == "cuda" and not has_cuda:
        raise InputError(
            "trainer.device=cuda: torch finds no CUDA device; choose trainer.device=auto or cpu"
        )
    if precision == "fp16" and (device == "cpu" or not has_cuda):
        raise InputError(
            "trainer.precision=fp16 is for a GPU; on a CPU choose trainer.precision=no or bf16"
        )


def choose_precision(wanted: Literal["auto"] | Precision, device: torch.device) -> Precision:
    """Return the precision of matrix products; `auto` is the fastest that is safe on the device.

    bf16 on a CPU without instructions for it is some 25 times slower: a warning says so.
    """
    if wanted == "auto":
        fast = device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
        chosen: Precision = "bf16" if fast else "no"
        log.info("precision %s on %s (trainer.precision=auto)", chosen, device)
        return chosen
    if wanted == "bf16" and device.type == "cpu":
        flags = cpu_flags()
        if flags and not flags & BF16_FLAGS.keys():
            log.warning(
                "trainer.precision=bf16: this CPU has neither %s instructions, so training is some "
                "25 times slower; trainer.precision=no or auto is faster",
                " nor ".join(BF16_FLAGS.values()),
            )
    return wanted


def cpu_flags() -> frozenset[str]:
    """The instruction sets of this CPU as Linux names them; empty if unknown."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return frozenset()
    for line in lines:
        name, _, flags = line.partition(":")
        if name.strip() in ("flags", "Features"):  # x86, ARM
            return frozenset(flags.split())
    return frozenset()


def peak_memory() -> dict[str, float]:
    """Return the largest memory of this process so far, and of its tensors on a GPU, in MiB."""
    found: dict[str, float] = {}
    if sys.platform != "win32":  # which has no such module
        import resource

        unit = 1 if sys.platform == "darwin" else 1024  # bytes
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
        found["memory_mib"] = round(peak / MIB, 1)
    if torch.cuda.is_available():
        found["gpu_memory_mib"] = round(torch.cuda.max_memory_allocated() / MIB, 1)
    return found
