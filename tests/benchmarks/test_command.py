"""`python -m benchmarks` with tiny settings."""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

import pytest

import benchmarks.__main__ as command
from benchmarks import memory
from benchmarks.encoders import ENCODERS
from benchmarks.experiments import GROWING, Bench
from benchmarks.settings import Settings

TINY = Settings(
    pairs=(1, 2),
    size=6,
    tracker_size=4,
    repeats=2,
    batches=1,
    lengths=(3, 10),
    words=20,
    widths=(4, 8),
    width_pairs=1,
)


def silent(turns: Iterable[int], title: str) -> Iterable[int]:
    return turns


@pytest.fixture
def no_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the measurement of memory; it fails for one encoder."""

    def peaks(name: str, settings: Settings) -> list[float | None]:
        if name == "bound":
            raise RuntimeError("peak memory of bound: exit code -9: no message")
        return [1.5] * len(settings.pairs)

    monkeypatch.setattr(command, "peaks", peaks)
    monkeypatch.setattr(command, "show", silent)


def test_a_run_prints_tables_and_writes_results_and_plot(
    no_children: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("matplotlib", reason='the plot needs pip install -e ".[bench]"')
    results = command.run(TINY)
    command.write(results, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bench.png", "results.json"]
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")
    read = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert read == json.loads(json.dumps(results))
    assert read["settings"] == json.loads(json.dumps(asdict(TINY)))
    assert read["machine"]["device"] == "cpu"
    assert list(read["pairs"]) == ["1", "2"]
    assert list(read["pairs"]["2"]["rows"]) == list(ENCODERS)
    assert read["pairs"]["2"]["rows"]["bound"]["peak_memory_mib"] is None
    assert list(read["length"]["10"]["rows"]) == list(GROWING)
    assert list(read["width"]) == ["4", "8"]
    printed = capsys.readouterr()
    assert all(f"\n{name}  " in printed.out for name in ENCODERS)
    assert "lstm packed         " in printed.out
    assert "warning: peak memory of bound: exit code -9" in printed.err


def test_peak_memory_is_that_of_a_child_process() -> None:
    (peak,) = memory.peaks("treelstm", Settings(pairs=(256,), size=32, tracker_size=4))
    assert peak is not None
    # Gates and their gradient alone, for at least 9 nodes in every pair's 20 words.
    assert 256 * 9 * 2 * 5 * 32 * 4 / memory.MIB < peak < 200


def test_a_failing_child_process_is_an_error_with_its_message() -> None:
    with pytest.raises(
        RuntimeError, match="peak memory of nobody: exit code 1: KeyError: 'nobody'"
    ):
        memory.peaks("nobody", TINY)


def test_an_invalid_folder_is_an_error_before_the_measurement(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib", reason='the plot needs pip install -e ".[bench]"')
    monkeypatch.setattr(command, "run", lambda settings: pytest.fail("measured"))
    taken = tmp_path / "taken"
    taken.write_text("a file", encoding="utf-8")
    assert command.main(["--out", str(taken), "--threads", "1"]) == 2
    assert f"error: --out {taken}: File exists; expected a folder" in capsys.readouterr().err


def test_missing_matplotlib_is_an_error_before_the_measurement(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert command.main(["--out", str(tmp_path)]) == 2
    assert 'matplotlib is missing: run pip install -e ".[bench]"' in capsys.readouterr().err


def test_growth_is_in_microseconds_per_word(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(TINY, silent, lambda name, settings: [None])
    monkeypatch.setattr(bench.stopwatch, "seconds", lambda work: 0.001)
    rows = bench.length(bench.build(GROWING, 4), 10)["rows"]  # two sentences of ten words
    expected = {"median": pytest.approx(50), "spread": pytest.approx(0), "repeats": 2}
    assert rows == {name: {"forward": expected, "training": expected} for name in GROWING}
