"""Tables of benchmark results as text."""

from collections.abc import Mapping
from typing import Any

from benchmarks.experiments import GROWING


def heading(results: Mapping[str, Any]) -> str:
    """Format the machine and the settings of the measurement."""
    machine, settings = results["machine"], results["settings"]
    where = machine.get("gpu") or machine["cpu"]
    precision = "float32" if settings["precision"] == "no" else "bfloat16 (autocast)"
    return (
        f"{where} ({machine['device']}), {settings['threads']} of {machine['cores']} cores, "
        f"{precision}, torch {machine['torch']}, {results['date']}\n"
        f"d = {settings['size']}, K = {settings['tracker_size']}; median of up to "
        f"{settings['repeats']} repeats ± half the range between quartiles"
    )


def batch_table(pairs: int, rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Format one line per encoder."""
    lines = [
        f"{pairs} pairs{'forward':>24}{'training':>19}{'':>18}training, of{'peak':>9}",
        f"{'':<18}{'sentences/s':>15}{'sentences/s':>20}{'lstm packed':>16}"
        f"{'reference':>12}{'MiB':>9}",
    ]
    for name, row in rows.items():
        memory = row["peak_memory_mib"]
        lines.append(
            f"{name:<18}{_cell(row['forward'], 0):>18}{_cell(row['training'], 0):>20}"
            f"{row['of_lstm_packed']:>12.2f}x{row['of_reference']:>11.2f}x"
            f"{'–' if memory is None else f'{memory:,.0f}':>9}"
        )
    return "\n".join(lines)


def growth_table(what: str, title: str, points: Mapping[str, Mapping[str, Any]]) -> str:
    """Format one line per length or width."""
    lines = [title, f"{what:<8}" + "".join(f"{name:>18}" for name in GROWING)]
    for value, point in points.items():
        cells = (f"{_cell(point['rows'][name]['training'], 1):>18}" for name in GROWING)
        lines.append(f"{value:<8}" + "".join(cells))
    return "\n".join(lines)


def _cell(summary: Mapping[str, float], digits: int) -> str:
    return f"{summary['median']:,.{digits}f} ± {summary['spread']:,.{digits}f}"
