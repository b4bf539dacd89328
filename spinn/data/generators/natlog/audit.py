"""What models without composition reach on natlog.

``python -m spinn.data.generators.natlog.audit`` fits each model on train and measures it on every
file. It needs scikit-learn, of the extra `generators`.
"""

import argparse
import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from spinn.data.generators.natlog.__main__ import DEFAULT_OUT, require
from spinn.data.generators.natlog.formulas import FUNCTION_WORDS

FILES = ("dev", "test", "test_longer", "test_lexical", "test_hyper")
Row = Mapping[str, str]
Features = dict[str, float]


def read_rows(path: Path) -> list[Row]:
    """Read a file of natlog."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def ngrams(text: str, longest: int) -> Counter[str]:
    """Count the words and, where ``longest`` is 2, the pairs of neighbours of a sentence."""
    words = ["<s>", *text.split(" "), "</s>"]
    return Counter(
        " ".join(words[at : at + size])
        for size in range(1, longest + 1)
        for at in range(len(words) - size + 1)
    )


def of_one_sentence(side: str) -> Callable[[Row], Features]:
    """Bigrams of the premise, or of the hypothesis, alone."""
    return lambda row: dict(ngrams(row[side], 2))


def of_both(longest: int) -> Callable[[Row], Features]:
    """N-grams of each sentence, those that both have, and those that one has more often."""

    def features(row: Row) -> Features:
        ours, theirs = (ngrams(row[side], longest) for side in ("sentence1", "sentence2"))
        parts = {"P": ours, "H": theirs, "both": ours & theirs}
        parts |= {"P more": ours - theirs, "H more": theirs - ours}
        return {
            f"{name}: {ngram}": count
            for name, part in parts.items()
            for ngram, count in part.items()
        }

    return features


def of_counts(row: Row) -> Features:
    """Lengths, function words of each sentence, and how many words the two share."""
    ours, theirs = (Counter(row[side].split(" ")) for side in ("sentence1", "sentence2"))
    found: Features = {}
    for name, words in {
        "P": ours,
        "H": theirs,
        "P more": ours - theirs,
        "H more": theirs - ours,
    }.items():
        found |= {f"{name}: {word}": words[word] for word in FUNCTION_WORDS}
        found[f"{name}: words"] = words.total()
        found[f"{name}: content words"] = sum(
            words[one] for one in words if one not in FUNCTION_WORDS
        )
    shared = ours & theirs
    found["shared words"] = shared.total()
    found["shared content words"] = sum(shared[one] for one in shared if one not in FUNCTION_WORDS)
    return found


def linear() -> Any:
    """A linear model."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=0.1, max_iter=300)


def boosted() -> Any:
    """Boosted decision trees, which find interactions of counts."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(max_iter=300, random_state=1)


MODELS = {
    "premise alone, bigrams, linear": (of_one_sentence("sentence1"), True, linear),
    "hypothesis alone, bigrams, linear": (of_one_sentence("sentence2"), True, linear),
    "both as bags of words, linear": (of_both(1), True, linear),
    "both as bags of bigrams, linear": (of_both(2), True, linear),
    "lengths, overlap, counts of function words, boosted trees": (of_counts, False, boosted),
}


def audit(folder: Path) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield each model's name and its accuracy on every file."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.pipeline import make_pipeline

    files = {name: read_rows(folder / f"{name}.jsonl.gz") for name in ("train", *FILES)}
    labels = {name: [row["gold_label"] for row in rows] for name, rows in files.items()}
    for model, (features, sparse, classifier) in MODELS.items():
        fitted = make_pipeline(DictVectorizer(sparse=sparse), classifier())
        fitted.fit([features(row) for row in files["train"]], labels["train"])
        yield (
            model,
            {
                name: fitted.score([features(row) for row in files[name]], labels[name])
                for name in FILES
            },
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the accuracies as a table in Markdown."""
    parser = argparse.ArgumentParser(
        prog="python -m spinn.data.generators.natlog.audit", description=__doc__
    )
    parser.add_argument(
        "folder", type=Path, nargs="?", default=DEFAULT_OUT, help="folder with the six files"
    )
    folder = parser.parse_args(arguments).folder
    require(parser, "sklearn")
    missing = [name for name in ("train", *FILES) if not (folder / f"{name}.jsonl.gz").is_file()]
    if missing:
        parser.error(f"{folder} lacks {missing[0]}.jsonl.gz")
    print("| fitted on train | " + " | ".join(f"`{name}`" for name in FILES) + " |")
    print("|---|" + "---|" * len(FILES))
    for model, scores in audit(folder):
        print(
            f"| {model} | " + " | ".join(f"{100 * scores[name]:.1f} %" for name in FILES) + " |",
            flush=True,
        )


if __name__ == "__main__":
    main()
