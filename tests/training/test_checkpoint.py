import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from spinn.errors import InputError
from spinn.files import write_atomically, write_json
from spinn.training.checkpoint import load_state, load_weights, save_state, save_weights


def trained(seed: int) -> tuple[torch.nn.Linear, torch.optim.Optimizer]:
    torch.manual_seed(seed)
    model = torch.nn.Linear(3, 2)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(4, 3)).sum().backward()
    optimizer.step()
    return model, optimizer


def test_weights_round_trip_bit_by_bit(tmp_path: Path) -> None:
    saved, _ = trained(1)
    other, _ = trained(2)
    save_weights(tmp_path / "w.safetensors", saved)
    load_weights(tmp_path / "w.safetensors", other)
    assert torch.equal(saved.weight, other.weight)
    assert torch.equal(saved.bias, other.bias)


def test_state_includes_optimizer_and_random_numbers(tmp_path: Path) -> None:
    model, optimizer = trained(1)
    save_state(tmp_path / "s.safetensors", model, optimizer, {"step": 7})
    expected = torch.rand(3)
    other, other_optimizer = trained(2)
    assert load_state(tmp_path / "s.safetensors", other, other_optimizer) == {"step": 7}
    assert torch.equal(torch.rand(3), expected)
    wanted = optimizer.state_dict()["state"]
    for index, values in other_optimizer.state_dict()["state"].items():
        for name, value in values.items():
            assert torch.equal(value, wanted[index][name]), name


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    write_json(path, {"old": 1})

    def fail(draft: Path) -> None:
        draft.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, fail)
    assert json.loads(path.read_text()) == {"old": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"w\.safetensors: no such file"):
        load_weights(tmp_path / "w.safetensors", torch.nn.Linear(1, 1))


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(b"\x80\x04not safetensors")
    with pytest.raises(InputError, match="not a readable safetensors file"):
        load_weights(path, torch.nn.Linear(1, 1))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"weight": torch.zeros(2, 4), "bias": torch.zeros(2)}, r"weight is \(2, 4\); expected"),
        ({"weight": torch.zeros(2, 3)}, "bias is not in it"),
        (
            {"weight": torch.zeros(2, 3), "bias": torch.zeros(2), "extra": torch.zeros(1)},
            "extra is in it, but the model has no such weight",
        ),
    ],
)
def test_other_weights_than_the_models_are_named(
    tmp_path: Path, weights: dict[str, torch.Tensor], message: str
) -> None:
    save_file(weights, tmp_path / "w.safetensors")
    with pytest.raises(InputError, match=message):
        load_weights(tmp_path / "w.safetensors", torch.nn.Linear(3, 2))


def test_weights_are_not_a_training_state(tmp_path: Path) -> None:
    model, optimizer = trained(1)
    save_file({f"model.{k}": v for k, v in model.state_dict().items()}, tmp_path / "w.safetensors")
    with pytest.raises(InputError, match="not the state of a training run"):
        load_state(tmp_path / "w.safetensors", model, optimizer)
