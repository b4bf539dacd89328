"""Benchmark all encoders; print tables, and write `results.json` and `bench.png`.

`python -m benchmarks` takes some ten minutes on two cores, `--quick` about one.
"""

import random
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from benchmarks import machine
from benchmarks.encoders import ENCODERS, build, check_agreement
from benchmarks.experiments import GROWING, Bench
from benchmarks.memory import peaks
from benchmarks.sentences import snli_like
from benchmarks.settings import Settings, parse
from benchmarks.tables import batch_table, growth_table, heading
from spinn.cli.support import exit_codes
from spinn.errors import InputError
from spinn.files import write_json


def show(turns: Iterable[int], title: str) -> Iterable[int]:
    """Show a progress bar, which disappears at the end."""
    return tqdm(turns, desc=title, leave=False, disable=None)


def run(settings: Settings) -> dict[str, Any]:
    """Measure everything; print each table when it is ready, and warnings at the end."""
    torch.set_num_threads(settings.threads)
    at_start = machine.load()
    bench = Bench(settings, show, peaks)
    warning = machine.busy(at_start, machine.cores(), settings.threads)
    if warning:
        bench.warnings.append(warning)
        print(f"warning: {warning}", file=sys.stderr)
    small = build(tuple(ENCODERS), 32, 8, settings.seed)
    check_agreement(small, snli_like(8, random.Random(settings.seed)), tolerance=1e-3)
    results: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.machine(settings.device) | {"load_at_start": at_start},
        "settings": asdict(settings),
    }
    print(heading(results))
    results["pairs"] = batch_sizes(bench)
    results |= growth(bench)
    results["warnings"] = bench.warnings
    for warning in bench.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    return results


def batch_sizes(bench: Bench) -> dict[str, Any]:
    """Measure and print one table per batch size."""
    settings = bench.settings
    memory = bench.memory()
    encoders = bench.build(ENCODERS, settings.size)
    results = {}
    for index, pairs in enumerate(settings.pairs):
        peak = {name: values[index] for name, values in memory.items()}
        results[str(pairs)] = point = bench.batch_size(encoders, pairs, peak)
        print(f"\n{batch_table(pairs, point['rows'])}", flush=True)
    return results


def growth(bench: Bench) -> dict[str, Any]:
    """Measure and print how time per word grows with sentence length and with width."""
    settings = bench.settings
    encoders = bench.build(GROWING, settings.size)
    lengths = {str(length): bench.length(encoders, length) for length in settings.lengths}
    title = f"training, µs per word; {settings.words:,} words per batch, balanced trees"
    print(f"\n{growth_table('length', title, lengths)}", flush=True)
    widths = {str(width): bench.width(width) for width in settings.widths}
    title = f"training, µs per word; {settings.width_pairs} pairs per batch"
    print(f"\n{growth_table('width', title, widths)}", flush=True)
    return {"length": lengths, "width": widths}


def write(results: Mapping[str, Any], folder: Path) -> None:
    """Write results and plot into a folder."""
    from benchmarks.plot import draw

    write_json(folder / "results.json", results)
    draw(results, folder / "bench.png")
    print(f"\nsaved: {folder / 'results.json'}, {folder / 'bench.png'}")


def prepare(folder: Path) -> None:
    """Check before measuring that the results can be written.

    Raises: InputError: if the folder cannot be created, or matplotlib is missing.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise InputError('matplotlib is missing: run pip install -e ".[bench]"') from error
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"--out {folder}: {error.strerror}; expected a folder") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and return the exit code."""
    settings, folder = parse(arguments)

    def command() -> None:
        prepare(folder)
        write(run(settings), folder)

    return exit_codes.run(command)


if __name__ == "__main__":
    sys.exit(main())
