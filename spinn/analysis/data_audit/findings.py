"""What a reader of an audit should know, as sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from spinn.text import plural

REFERENCES = {
    "hypothesis alone": " (Gururangan et al. 2018)",
    "lengths and overlap": " (McCoy et al. 2019)",
}


def findings(audit: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each property of the data that makes results easier than they look."""
    splits = audit["splits"]
    found = [*_leaks(audit.get("baselines", {}))]
    for name, measures in splits.items():
        found += _repeated(name, measures)
    labels = {name: measures["labels"] for name, measures in splits.items() if "labels" in measures}
    found += _labels(labels)
    return found


def _leaks(baselines: Mapping[str, Any]) -> Iterator[str]:
    """Yield the baselines that read too little and still beat a constant prediction."""
    for target, results in baselines.items():
        for name, model in results.get("models", {}).items():
            better = {split: r for split, r in model["sets"].items() if r.get("better")}
            if not (model.get("leak") and better):
                continue
            several = name.startswith("lengths")
            subject = name if name.endswith(" alone") else f"{name} alone"
            if target == "class":
                gains = [f"{r['points']:.1f} points on {split}" for split, r in better.items()]
                verb = "beat" if several else "beats"
                found = f"{subject} {verb} the majority by {', '.join(gains)}; labels"
            else:
                gains = [f"{result['pearson']:.2f} on {split}" for split, result in better.items()]
                verb = "predict" if several else "predicts"
                found = f"{subject} {verb} the score with Pearson {', '.join(gains)}; scores"
            yield f"{found} leak into {'them' if several else 'it'}{REFERENCES.get(name, '')}"


def _repeated(name: str, measures: Mapping[str, Any]) -> Iterator[str]:
    repeated, size = measures["repeated"], measures["examples"]
    if count := repeated.get("in_train"):
        other = repeated["other_target"]
        differing = f", {other:,} of them with another label or score" if other else ""
        yield (
            f"{name}: {plural(count, 'example')} ({count / size:.1%}) with the input of an example "
            f"of train{differing}"
        )
    if count := repeated.get("in_dev"):
        yield f"{name}: {plural(count, 'example')} with the input of an example of dev"
    if count := repeated["contradictory"]:
        same = repeated.get("contradictory_parses", count)
        trees = "" if same == count else f"; {f'{same:,}' if same else 'none'} with equal trees"
        yield (
            f"{name}: {plural(count, 'example')} with the input of another example but another "
            f"label or score{trees}"
        )


def _labels(labels: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    train = labels.get("train", {})
    if sum(count > 0 for count in train.values()) == 1:
        yield "train has one label, so every prediction is right"
    for name, counts in labels.items():
        missing = [label for label, count in counts.items() if not count]
        if missing and name == "train":
            yield f"train has no example of {', '.join(missing)}"
        elif only := [label for label in missing if train[label]]:
            yield f"{name} has no example of {', '.join(only)}"
