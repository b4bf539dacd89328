"""Words and their ids."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain, repeat
from pathlib import Path
from typing import Any

from spinn.errors import InputError
from spinn.files import write_text

PADDING, UNKNOWN = 0, 1
SPECIAL = 2  # ids before the first word's
MANY_UNKNOWN = 0.5  # share of unknown words above which a prediction has a warning
UNKNOWN_WARNING = (
    "more than half of the words do not occur in training: the model reads each of them as the "
    "same unknown word, so the prediction says little about this text"
)


class Vocabulary:
    """The words of a model: ids from 2 on, in the given order; 0 is padding, 1 is unknown.

    The two special ids have no spelling, so no word can collide with them. For example, the words
    (dogs, run) and `vectors_only` (cats) have the ids 2, 3 and 4.

    Args:
        words: the words of train, without repetition; in lower case if `lowercase`.
        lowercase: whether `encode` lower-cases words.
        vectors_only: further words, known from pretrained vectors alone; their ids come last.
    """

    def __init__(
        self, words: Iterable[str], *, lowercase: bool = False, vectors_only: Iterable[str] = ()
    ) -> None:
        self.words = tuple(words)
        self.vectors_only = tuple(vectors_only)
        self.lowercase = lowercase
        every = chain(self.words, self.vectors_only)
        self._ids = {word: number for number, word in enumerate(every, start=SPECIAL)}
        if SPECIAL + len(self._ids) < len(self):
            word, count = Counter((*self.words, *self.vectors_only)).most_common(1)[0]
            raise ValueError(f"word {word!r} occurs {count} times in the vocabulary")
        if lowercase:
            cased = next((word for word in self._ids if word != word.lower()), None)
            if cased is not None:
                raise ValueError(f"word {cased!r} in a lower-case vocabulary")

    @classmethod
    def build(
        cls, counts: Mapping[str, int], *, lowercase: bool = False, min_count: int = 1
    ) -> Vocabulary:
        """Collect words, the most frequent first, ties in alphabetical order.

        Args:
            counts: frequency of each word in the training split.
            lowercase: whether words that differ only in case are one word.
            min_count: rarer words are left out, so that they become unknown words.
        """
        if lowercase:
            cased, counts = counts, Counter()
            for word, count in cased.items():
                counts[word.lower()] += count
        frequent = [word for word, count in counts.items() if count >= min_count]
        return cls(sorted(frequent, key=lambda word: (-counts[word], word)), lowercase=lowercase)

    def __len__(self) -> int:
        """Return the number of ids, with the two special ones."""
        return self.table_size + len(self.vectors_only)

    @property
    def table_size(self) -> int:
        """The number of ids without `vectors_only`, which have no row in the embedding's table."""
        return SPECIAL + len(self.words)

    def __contains__(self, word: str) -> bool:
        return self.encode([word]) != [UNKNOWN]

    def encode(self, words: Iterable[str]) -> list[int]:
        """Convert words to ids, UNKNOWN for words outside the vocabulary.

        With `vectors_only`, a word that is not in the vocabulary has the id of its lower case, as
        in `load_vectors`.
        """
        if self.lowercase:
            words = map(str.lower, words)
        if not self.vectors_only:
            return list(map(self._ids.get, words, repeat(UNKNOWN)))
        get = self._ids.get
        return [get(word) or get(word.lower(), UNKNOWN) for word in words]

    def save(self, path: str | Path) -> None:
        """Write the vocabulary atomically as JSON, one word per line."""
        content: dict[str, Any] = {"lowercase": self.lowercase, "words": self.words}
        if self.vectors_only:
            content["vectors_only"] = self.vectors_only
        write_text(Path(path), json.dumps(content, ensure_ascii=False, indent=0))

    @classmethod
    def load(cls, path: str | Path) -> Vocabulary:
        """Load a vocabulary that `save` wrote.

        Raises: InputError: if the file is missing or not a vocabulary.
        """
        try:
            return cls(**_checked(json.loads(Path(path).read_text(encoding="utf-8"))))
        except OSError as error:
            raise InputError(f"{path}: cannot be read: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}: not a vocabulary: {error}") from error


def _checked(content: Any) -> dict[str, Any]:
    keys = {"lowercase", "words"}
    if not isinstance(content, dict) or set(content) - {"vectors_only"} != keys:
        raise ValueError("expected an object with the keys 'lowercase' and 'words'")
    if not isinstance(content["lowercase"], bool):
        raise ValueError(f"lowercase is {content['lowercase']!r}, expected true or false")
    for name in content.keys() - {"lowercase"}:
        words = content[name]
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise ValueError(f"{name} is not a list of texts")
    return content
