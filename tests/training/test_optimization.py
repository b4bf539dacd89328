import pytest
import torch

from spinn.training.optimization import OptimizerSettings, learning_rate, make_optimizer


def settings(**changed: object) -> OptimizerSettings:
    plain = {
        "name": "adamw", "lr": 0.1, "weight_decay": 0.5, "warmup": 0.0,
        "decay": "none", "decay_rate": 0.75, "decay_every": 10,
    }  # fmt: skip
    return OptimizerSettings(**{**plain, **changed})  # type: ignore[arg-type]


def rates(steps: int, **changed: object) -> list[float]:
    return [learning_rate(settings(**changed), step, steps) for step in range(steps)]


def test_without_decay_the_rate_is_constant() -> None:
    assert rates(5) == [0.1] * 5


def test_warmup_grows_to_the_rate() -> None:
    assert rates(20, warmup=0.2)[:5] == pytest.approx([0.025, 0.05, 0.075, 0.1, 0.1])


def test_linear_decay_ends_one_step_above_zero() -> None:
    assert rates(4, decay="linear") == pytest.approx([0.1, 0.075, 0.05, 0.025])


def test_cosine_decay_is_one_half_in_the_middle() -> None:
    assert rates(100, decay="cosine")[50] == pytest.approx(0.05)


def test_decay_by_steps_follows_bowman_2016() -> None:
    found = rates(25, decay="steps")
    assert found[9] == pytest.approx(0.1)
    assert found[10] == pytest.approx(0.075)
    assert found[20] == pytest.approx(0.05625)


def test_biases_do_not_decay_and_frozen_weights_are_left_out() -> None:
    model = torch.nn.Linear(2, 3)
    frozen = torch.nn.Embedding(4, 2)
    frozen.weight.requires_grad_(False)
    groups = make_optimizer(torch.nn.ModuleList([model, frozen]), settings()).param_groups
    assert [group["weight_decay"] for group in groups] == [0.5, 0.0]
    assert [len(group["params"]) for group in groups] == [1, 1]
    assert groups[0]["params"][0] is model.weight


@pytest.mark.parametrize("name", ["adamw", "rmsprop", "sgd"])
def test_every_algorithm_decreases_the_loss(name: str) -> None:
    weight = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.ones_(weight.weight)
    optimizer = make_optimizer(weight, settings(name=name, weight_decay=0.0))
    (weight.weight.sum() ** 2).backward()
    optimizer.step()
    assert abs(weight.weight.item()) < 1


@pytest.mark.parametrize(
    ("changed", "message"),
    [({"warmup": 1.0}, "warmup is 1.0"), ({"lr": 0.0}, "lr is 0.0"), ({"decay_every": 0}, "above")],
)
def test_a_value_out_of_range_is_named(changed: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        settings(**changed)
