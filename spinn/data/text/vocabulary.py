"""Words and their ids."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import repeat
from pathlib import Path
from typing import Any

from spinn.errors import InputError
from spinn.files import write_text

PADDING, UNKNOWN = 0, 1
SPECIAL = 2  # ids before the first word's


class Vocabulary:
    """The words of a model: ids from 2 on, in the given order; 0 is padding, 1 is unknown.

    The two special ids have no spelling, so no word can collide with them.

    Args:
        words: without repetition; in lower case if `lowercase`.
        lowercase: whether `encode` lower-cases words.
    """

    def __init__(self, words: Iterable[str], *, lowercase: bool = False) -> None:
        self.words = tuple(words)
        self.lowercase = lowercase
        self._ids = {word: number for number, word in enumerate(self.words, start=SPECIAL)}
        if len(self._ids) < len(self.words):
            word, count = Counter(self.words).most_common(1)[0]
            raise ValueError(f"word {word!r} occurs {count} times in the vocabulary")
        if lowercase:
            cased = next((word for word in self.words if word != word.lower()), None)
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
        return SPECIAL + len(self.words)

    def __contains__(self, word: str) -> bool:
        return (word.lower() if self.lowercase else word) in self._ids

    def encode(self, words: Iterable[str]) -> list[int]:
        """Convert words to ids, UNKNOWN for words outside the vocabulary."""
        if self.lowercase:
            words = map(str.lower, words)
        return list(map(self._ids.get, words, repeat(UNKNOWN)))

    def save(self, path: str | Path) -> None:
        """Write the vocabulary atomically as JSON, one word per line."""
        content = {"lowercase": self.lowercase, "words": self.words}
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
    if not isinstance(content, dict) or set(content) != {"lowercase", "words"}:
        raise ValueError("expected an object with the keys 'lowercase' and 'words'")
    words, lowercase = content["words"], content["lowercase"]
    if not isinstance(lowercase, bool):
        raise ValueError(f"lowercase is {lowercase!r}, expected true or false")
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise ValueError("words is not a list of texts")
    return {"words": words, "lowercase": lowercase}
