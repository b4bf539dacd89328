"""The overrides of a search: what is compared, what is searched, and what is refused."""

from pathlib import Path

import pytest

optuna = pytest.importorskip("optuna")

from optuna.distributions import (  # noqa: E402
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from spinn.cli.support import search_space  # noqa: E402
from spinn.cli.support.search_space import Space, read_candidates, suggest  # noqa: E402
from spinn.errors import InputError  # noqa: E402


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("optimizer.lr=interval(0.001,0.01)", FloatDistribution(0.001, 0.01)),
        ("optimizer.lr=tag(log,interval(0.001,0.01))", FloatDistribution(0.001, 0.01, log=True)),
        ("model.hidden_size=interval(16,128)", IntDistribution(16, 128)),  # 128 in the yaml
        ("model.hidden_size=tag(log,interval(16,128))", IntDistribution(16, 128, log=True)),
        ("trainer.patience=int(interval(2,5))", IntDistribution(2, 5)),  # null in the yaml
        ("trainer.clip_norm=interval(1,9)", FloatDistribution(1, 9)),  # 5.0 in the yaml
        ("trainer.epochs=range(2,9,step=3)", IntDistribution(2, 8, step=3)),
        ("task.layers=range(3)", IntDistribution(0, 2)),
        ("trainer.clip_norm=1,5,null", CategoricalDistribution(["1", "5", "null"])),
        ("trainer.batch_size=choice(32,64)", CategoricalDistribution(["32", "64"])),
        ("task.dropout=range(0.1,0.3,step=0.1)", CategoricalDistribution(["0.1", "0.2"])),
        ("optimizer=choice(adamw,sgd)", CategoricalDistribution(["adamw", "sgd"])),
        ("data.limit=10,20", CategoricalDistribution(["10", "20"])),
    ],
)
def test_a_range_is_a_distribution(
    override: str, expected: BaseDistribution, tmp_path: Path
) -> None:
    (candidate,) = read_candidates(["model=lstm", override])
    key = override.split("=")[0]
    assert candidate.space == {key: expected}
    assert candidate.overrides == ["model=lstm"]
    assert candidate.name == "lstm"


def test_options_of_a_group_are_compared(tmp_path: Path) -> None:
    found = read_candidates(["seed=2", "model=lstm,treelstm", "optimizer=sgd,adamw"])
    assert [candidate.name for candidate in found] == [
        "lstm_sgd", "lstm_adamw", "treelstm_sgd", "treelstm_adamw",
    ]  # fmt: skip
    assert found[2].overrides == ["model=treelstm", "optimizer=sgd", "seed=2"]


def test_the_default_space_is_the_rate_and_the_dropouts_that_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (candidate,) = read_candidates([])
    assert candidate.name == "spinn"
    expected = {
        "optimizer.lr": FloatDistribution(0.0003, 0.01, log=True),
        "model.embedding.dropout": FloatDistribution(0, 0.4),
        "task.dropout": FloatDistribution(0, 0.4),
    }
    assert candidate.space == expected
    more = (*search_space.DEFAULT, "task.head.dropout=interval(0,0.4)")
    monkeypatch.setattr(search_space, "DEFAULT", more)
    assert read_candidates([])[0].space == expected


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["seed=1,2,3"], "seed=1,2,3: the best of several seeds is a matter of luck; give one"),
        (["run=here"], "run=here: every trial has a folder of its own; give --out"),
        (["trainer.resume=runs/x"], "trainer.resume=runs/x: the same command continues a search"),
        (["hydra.run.dir=x"], "hydra.run.dir=x: Hydra's own settings are those of the command"),
        (["model=glob(*)"], r"model=glob(*): expected a list, choice, range or interval"),
        (["optimizer.lr=tag(lg,interval(1,2))"], "expected no tag but tag(log,interval(LOW,HIGH))"),
        (["optimizer.lr=tag(log,choice(1,2))"], "expected no tag but tag(log,interval(LOW,HIGH))"),
        (["optimizer.lr=interval(0.1,0.01)"], "interval(0.1,0.01): expected LOW < HIGH"),
        (["optimizer.lr=tag(log,interval(0,0.1))"], "interval(0,0.1)): expected 0 < LOW < HIGH"),
        (["optimizer.rate=interval(0.1,0.2)"], "unknown key optimizer.rate"),
        (["model=lstn,lstm"], "Could not find 'model/lstn': did you mean 'lstm'?"),
        (["trainer.epochs=interval(1.5,3)"], "trainer.epochs is 1.5; expected a whole number"),
        (["task.layers=0,many"], "task.layers is 'many'; expected a whole number"),
        (["model=lstm", "model.hidden_size=(8"], "Hydra cannot read the value"),
        (["model=treelstm", "data=addition"], "model: treelstm follows given trees"),
        (["optimizer.warmup=interval(0,1)"], "optimizer: warmup is 1.0; expected a part of all st"),
        (["model=lstm,lstm"], "lstm is compared twice"),
    ],
)
def test_an_override_that_is_not_for_a_search_is_named(
    overrides: list[str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as raised:
        read_candidates(overrides)
    assert message in str(raised.value)


def test_drawn_values_are_overrides_and_stay_when_a_trial_continues() -> None:
    space: Space = {
        "a": FloatDistribution(0.0003, 0.01, log=True),
        "b": IntDistribution(1, 9, step=2),
        "c": CategoricalDistribution(["null", "[1,2]"]),
    }
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    for _ in range(50):
        trial = study.ask()
        drawn = suggest(trial, space)
        a, b, c = (text.split("=", 1)[1] for text in drawn)
        assert 0.0003 <= float(a) <= 0.01
        assert len(a.replace(".", "").lstrip("0")) <= 4
        assert int(b) in (1, 3, 5, 7, 9)
        assert c in ("null", "[1,2]")
        again = optuna.trial.Trial(study, trial._trial_id)
        study.sampler = optuna.samplers.RandomSampler(seed=2)
        assert suggest(again, space) == drawn
