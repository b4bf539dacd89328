"""Each property that makes results easier than they look has its sentence."""

from typing import Any

from spinn.analysis.data_audit.findings import findings


def split(examples: int = 100, **further: Any) -> dict[str, Any]:
    clean = {"repeated": 0, "contradictory": 0}
    return {"examples": examples, "repeated": clean | further.pop("repeated", {}), **further}


def test_a_clean_dataset_has_no_findings() -> None:
    clean = {"in_train": 0, "other_target": 0, "in_dev": 0}
    labels = {"a": 5, "b": 5}
    splits = {"train": split(labels=labels), "test": split(labels=labels, repeated=clean)}
    models = {
        "majority": {"sets": {"test": {"accuracy": 0.5}}},
        "hypothesis alone": {"leak": True, "sets": {"test": {"points": 3.0, "better": False}}},
        "bag of words": {"leak": False, "sets": {"test": {"points": 30.0, "better": True}}},
    }
    assert findings({"splits": splits, "baselines": {"class": {"models": models}}}) == []
    assert findings({"splits": splits}) == []  # sequences have no such baselines


def test_baselines_that_read_too_little() -> None:
    sets = {
        "dev": {"points": 12.34, "pearson": 0.311, "better": True},
        "test": {"points": 1.0, "pearson": 0.01, "better": False},
        "hard": {"points": 7.0, "pearson": 0.2, "better": True},
    }
    models = {
        "hypothesis alone": {"leak": True, "sets": sets},
        "lengths and overlap": {"leak": True, "sets": sets},
    }
    found = findings(
        {"splits": {}, "baselines": {"class": {"models": models}, "score": {"models": models}}}
    )
    assert found == [
        "hypothesis alone beats the majority by 12.3 points on dev, 7.0 points on hard; labels "
        "leak into it (Gururangan et al. 2018)",
        "lengths and overlap alone beat the majority by 12.3 points on dev, 7.0 points on hard; "
        "labels leak into them (McCoy et al. 2019)",
        "hypothesis alone predicts the score with Pearson 0.31 on dev, 0.20 on hard; scores leak "
        "into it (Gururangan et al. 2018)",
        "lengths and overlap alone predict the score with Pearson 0.31 on dev, 0.20 on hard; "
        "scores leak into them (McCoy et al. 2019)",
    ]
    single = {"length": {"leak": True, "sets": {"dev": {"points": 5.0, "better": True}}}}
    (found,) = findings({"splits": {}, "baselines": {"class": {"models": single}}})
    assert found == "length alone beats the majority by 5.0 points on dev; labels leak into it"


def test_repeated_inputs() -> None:
    train = split(repeated={"contradictory": 1200, "contradictory_parses": 0})
    test = split(
        repeated={
            "in_train": 25, "other_target": 4, "in_dev": 1,
            "contradictory": 3, "contradictory_parses": 2,
        }
    )  # fmt: skip
    assert findings({"splits": {"train": train, "test": test}}) == [
        "train: 1,200 examples with the input of another example but another label or score; none "
        "with equal trees",
        "test: 25 examples (25.0%) with the input of an example of train, 4 of them with another "
        "label or score",
        "test: 1 example with the input of an example of dev",
        "test: 3 examples with the input of another example but another label or score; 2 with "
        "equal trees",
    ]
    (found,) = findings({"splits": {"train": split(repeated={"contradictory": 2})}})
    assert found.endswith("another label or score")


def test_labels_that_a_split_lacks() -> None:
    splits = {
        "train": split(labels={"a": 9, "b": 3, "c": 0}),
        "dev": split(labels={"a": 9, "b": 0, "c": 0}),
        "test": split(labels={"a": 1, "b": 1, "c": 1}),
    }
    assert findings({"splits": splits}) == ["train has no example of c", "dev has no example of b"]
    one = {"train": split(labels={"a": 9}), "dev": split(labels={"a": 2})}
    assert findings({"splits": one}) == ["train has one label, so every prediction is right"]
