import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import DictConfig
from safetensors import safe_open
from safetensors.torch import load_file
from torch import Tensor

from spinn.data.text import cache
from spinn.errors import InputError, Interrupted, TrainingError
from spinn.tasks.classification import Classification
from spinn.tasks.text_task import TextBatch
from spinn.training import loop
from spinn.training.loop import Trainer
from spinn.training.optimization import OptimizerSettings, learning_rate
from spinn.training.run import train
from spinn.training.run_folder import RunFolder

Compose = Callable[..., DictConfig]


def weights_of(config: DictConfig, name: str = "model") -> dict[str, Tensor]:
    return load_file(Path(config.run) / f"{name}.safetensors")


def test_a_run_folder_has_all_files(composed: Compose, tiny_overrides: list[str]) -> None:
    config = composed(*tiny_overrides)
    results = train(config)
    folder = RunFolder(config.run)
    files = {path.name for path in folder.path.iterdir()}
    assert files >= {
        "config.yaml", "vocabulary.json", "model.safetensors", "last.safetensors",
        "metrics.jsonl", "results.json",
    }  # fmt: skip
    assert json.loads(folder.results.read_text()) == results
    assert results["model"] == "spinn"
    assert results["data"] == "natlog"
    assert results["trees"] == "gold"
    assert results["seed"] == 1
    assert results["epochs"] == 2
    assert results["parameters"] > 0
    assert results["sentences_per_second"] > 0
    assert set(results["tests"]) == {"test_more"}
    for summary, examples in (
        (results["dev"], 30), (results["test"], 30), (results["tests"]["test_more"], 12),
    ):  # fmt: skip
        assert summary["examples"] == examples
        assert 0 <= summary["accuracy"] <= 1
        assert summary["loss"] > 0
    lines = [json.loads(line) for line in folder.metrics.read_text().splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2]
    assert results["dev"]["accuracy"] == max(line["dev"]["accuracy"] for line in lines)


@pytest.mark.parametrize("model", ["spinn_pi", "treelstm", "bow", "rnn", "gru", "lstm", "bilstm"])
def test_every_model_learns_the_tiny_task(
    model: str, composed: Compose, tiny_overrides: list[str]
) -> None:
    tuned = ["trainer.epochs=25", "optimizer.lr=0.02", "model.dropout=0.0"]
    sizes = [o for o in tiny_overrides if model != "bow" or "model.hidden_size" not in o]
    results = train(composed(*sizes, f"model={model}", *tuned))
    assert results["dev"]["accuracy"] > 0.8


def test_a_seed_repeats_a_run_exactly(
    composed: Compose, tiny_overrides: list[str], tmp_path: Path
) -> None:
    runs = [tmp_path / name for name in ("first", "second", "other")]
    found = []
    for run, seed in zip(runs, (3, 3, 4), strict=True):
        config = composed(*tiny_overrides, f"hydra.run.dir={run}", f"seed={seed}")
        results = train(config)
        found.append((results["dev"], results["test"], weights_of(config, "last")))
    assert found[0][:2] == found[1][:2]
    for name, value in found[0][2].items():
        assert torch.equal(value, found[1][2][name]), name
    assert any(not torch.equal(v, found[2][2][name]) for name, v in found[0][2].items())


def test_a_run_from_the_cache_is_the_same_run(
    composed: Compose, tiny_overrides: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPINN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "SMALLEST", 20)  # test_more stays below it
    found = []
    for name, cached, kept in (("none", False, 0), ("first", True, 3), ("second", True, 3)):
        choice = [f"hydra.run.dir={tmp_path / name}", f"data.cache={cached}", "data.limit=100"]
        config = composed(*tiny_overrides, *choice)
        results = train(config)
        assert len(list(tmp_path.glob("cache/*"))) == kept
        kept_results = {
            key: results[key] for key in ("dev", "test", "data_report", "data_fingerprint")
        }
        found.append((kept_results, weights_of(config)))
    for again, weights in found[1:]:
        assert again == found[0][0]
        assert all(torch.equal(value, found[0][1][key]) for key, value in weights.items())


def interrupt_after(monkeypatch: pytest.MonkeyPatch, steps: int, number: int) -> None:
    """Send this process a signal within the given step."""

    def rate_and_signal(settings: OptimizerSettings, step: int, total: int) -> float:
        if step + 1 == steps:
            os.kill(os.getpid(), number)
        return learning_rate(settings, step, total)

    monkeypatch.setattr(loop, "learning_rate", rate_and_signal)


@pytest.mark.parametrize(
    ("number", "code", "model"),
    [
        (signal.SIGINT, 130, ["model=spinn_pi"]),
        (signal.SIGTERM, 143, ["model=spinn", "model.ramp=16"]),
        (signal.SIGINT, 130, ["model=rl_spinn", "model.baseline=average"]),
        (signal.SIGINT, 130, ["model=gumbel_treelstm"]),
    ],
)
def test_an_interrupted_run_continues_to_the_same_result(
    number: int,
    code: int,
    model: list[str],
    composed: Compose,
    tiny_overrides: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = composed(*tiny_overrides, *model, f"hydra.run.dir={tmp_path / 'whole'}")
    expected = train(whole)
    cut = composed(*tiny_overrides, *model, f"hydra.run.dir={tmp_path / 'cut'}")
    before = signal.getsignal(signal.SIGINT)  # ignored, where a shell runs the tests with &
    with monkeypatch.context() as patch:
        interrupt_after(patch, 11, number)  # in the middle of the second epoch of eight steps
        with pytest.raises(Interrupted, match="stopped at step 11 of 16; saved in") as stopped:
            train(cut)
    assert stopped.value.exit_code == code
    assert signal.getsignal(signal.SIGINT) is before
    resumed = composed(
        *tiny_overrides,
        *model,
        f"hydra.run.dir={tmp_path / 'resumed'}",
        f"trainer.resume={tmp_path / 'cut'}",
    )
    results = train(resumed)
    for key in ("steps", "best_step", "dev", "test", "tests"):
        assert results[key] == expected[key], key
    for name, value in weights_of(whole, "last").items():
        assert torch.equal(value, weights_of(resumed, "last")[name]), name


def test_an_early_interrupt_saves_a_model(
    composed: Compose, tiny_overrides: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = composed(*tiny_overrides)
    interrupt_after(monkeypatch, 2, signal.SIGINT)
    with pytest.raises(Interrupted):
        train(config)
    assert weights_of(config)


@pytest.mark.parametrize("what", ["loss", "norm of the gradient"])
def test_a_loss_that_is_not_finite_stops_before_the_weights_change(
    what: str, composed: Compose, tiny_overrides: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = composed(*tiny_overrides, "trainer.evaluate_every=1")
    loss = Classification.loss
    calls = {"train": 0}

    def poisoned(self: Classification, logits: Tensor, batch: TextBatch) -> Tensor:
        value = loss(self, logits, batch)
        if self.training:
            calls["train"] += 1
        if self.training and calls["train"] == 10:
            if what == "loss":
                return value * float("nan")
            value = value + 0 * (self.mlp[-1].weight.sum() * 0).sqrt()  # gradient 0 * inf
        return value

    monkeypatch.setattr(Classification, "loss", poisoned)
    message = rf"the {what} is nan at step 10 \(epoch 2, batch 2\); the weights are those of step 9"
    with pytest.raises(TrainingError, match=message):
        train(config)
    kept = weights_of(config, "last")  # saved after step 9
    assert all(value.isfinite().all() for value in kept.values())


def test_patience_stops_a_run_without_improvement(
    composed: Compose, tiny_overrides: list[str]
) -> None:
    still = ["optimizer.lr=1e-12", "trainer.patience=2", "trainer.epochs=10"]
    results = train(composed(*tiny_overrides, *still))
    assert results["epochs"] == 3  # the first one is the best, and two more are no better


def test_a_target_loss_stops_after_the_interval_that_reaches_it(
    composed: Compose,
    tiny_overrides: list[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The mean over the steps of an interval counts, not a single step or the last fifty."""
    losses: list[float] = []

    def by_plan(self: Trainer, value: float, name: str, steps_per_epoch: int) -> None:
        if name == "loss":
            losses.append(value)

    monkeypatch.setattr(Trainer, "_require_finite", by_plan)
    longer = ["trainer.epochs=6", "trainer.evaluate_every=3", "optimizer.lr=0.02"]
    full = train(composed(*tiny_overrides, *longer))
    means = [sum(losses[i : i + 3]) / 3 for i in range(0, 48, 3)]
    target = sorted(means)[8]
    expected = next(i for i, mean in enumerate(means, 1) if mean <= target)
    assert 1 < expected < 16
    with caplog.at_level("INFO"):
        results = train(composed(*tiny_overrides, *longer, f"trainer.target_loss={target!r}"))
    assert (full["steps"], results["steps"]) == (48, 3 * expected)
    assert f"training ends at step {3 * expected}" in caplog.text


def test_a_resumed_run_stops_at_the_target_loss_of_the_whole_interval(
    composed: Compose, tiny_overrides: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    longer = ["trainer.epochs=4", "optimizer.decay=none", "optimizer.warmup=0"]

    def run(name: str, *further: str) -> DictConfig:
        return composed(*tiny_overrides, *longer, f"hydra.run.dir={tmp_path / name}", *further)

    def state(name: str) -> dict[str, Any]:
        with safe_open(tmp_path / name / "last.safetensors", framework="pt") as file:
            found: dict[str, Any] = json.loads(file.metadata()["progress"])
        return found

    train(run("two", "trainer.epochs=2"))
    target = state("two")["interval_loss"]  # that of the second epoch
    wanted = [f"trainer.target_loss={target!r}"]
    whole = train(run("whole", *wanted))
    assert whole["steps"] == 16
    with monkeypatch.context() as patch:
        interrupt_after(patch, 11, signal.SIGINT)  # in the middle of the second epoch
        with pytest.raises(Interrupted):
            train(run("cut", *wanted))
    assert state("cut")["loss_steps"] == 3
    results = train(run("resumed", *wanted, f"trainer.resume={tmp_path / 'cut'}"))
    assert (results["steps"], results["dev"]) == (16, whole["dev"])
    assert state("resumed")["interval_loss"] == target
    # A run that has ended by its target stays ended; without the target it continues.
    again = train(run("again", *wanted, f"trainer.resume={tmp_path / 'whole'}"))
    assert (again["steps"], again["dev"]) == (16, whole["dev"])
    rest = train(run("rest", f"trainer.resume={tmp_path / 'whole'}"))
    assert rest["steps"] == 32


def test_a_target_loss_is_a_finite_number(composed: Compose, tiny_overrides: list[str]) -> None:
    with pytest.raises(InputError, match="target_loss is nan; expected a finite number or null"):
        train(composed(*tiny_overrides, "trainer.target_loss=nan"))
