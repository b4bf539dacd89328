"""The words of natlog and the relations between them, read from ``lexicon.yaml``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

LEXICON_PATH = Path(__file__).with_name("lexicon.yaml")


@dataclass(frozen=True)
class Lexicon:
    """Words by category, and their hypernym trees.

    Two words of a family are either hypernym and hyponym or exclude each other. Words of different
    families are independent.
    """

    families: tuple[tuple[str, ...], ...]  # the words of each family, parents before children
    category: Mapping[str, str]  # word -> noun, verb or adjective
    parent: Mapping[str, str | None]
    held_out_combinations: tuple[tuple[str, str], ...] = ()
    held_out_hypernyms: tuple[tuple[str, str], ...] = ()  # (hyponym, hypernym)

    def of_category(self, category: str) -> tuple[str, ...]:
        """Return the words of one category, in the order of the file."""
        return tuple(word for word, kind in self.category.items() if kind == category)

    def ancestors(self, word: str) -> tuple[str, ...]:
        """Return the hypernyms of ``word``, nearest first."""
        above = self.parent[word]
        return () if above is None else (above, *self.ancestors(above))

    @cached_property
    def hypernyms(self) -> dict[str, tuple[str, ...]]:
        """All hypernyms of each word."""
        return {word: self.ancestors(word) for word in self.parent}

    @cached_property
    def hyponyms(self) -> dict[str, tuple[str, ...]]:
        """All hyponyms of each word."""
        return {
            word: tuple(other for other in self.parent if word in self.hypernyms[other])
            for word in self.parent
        }

    @cached_property
    def siblings(self) -> dict[str, tuple[str, ...]]:
        """The other words with the same parent, or the other roots of the family."""
        return {
            word: tuple(
                other
                for other in family
                if other != word and self.parent[other] == self.parent[word]
            )
            for family in self.families
            for word in family
        }

    @cached_property
    def family(self) -> dict[str, int]:
        """The number of each word's family."""
        return {word: number for number, words in enumerate(self.families) for word in words}

    def uprooted(self, word: str) -> "Lexicon":
        """Return a lexicon in which ``word`` has no hypernyms, and so excludes them."""
        return replace(self, parent={**self.parent, word: None})


def _walk(kinds: Any, parent: str | None) -> Iterator[tuple[str, str | None]]:
    """Yield every word of a nested mapping with its parent."""
    for word in kinds:
        yield word, parent
        if isinstance(kinds, Mapping):
            yield from _walk(kinds[word], word)


def _pairs(content: Sequence[Sequence[str]]) -> tuple[tuple[str, str], ...]:
    return tuple((one, other) for one, other in content)


def read_lexicon(path: Path = LEXICON_PATH) -> Lexicon:
    """Read families and held-out pairs from the readable file."""
    content: Any = OmegaConf.to_container(OmegaConf.load(path))
    families: list[tuple[str, ...]] = []
    category: dict[str, str] = {}
    parent: dict[str, str | None] = {}
    for kind in ("noun", "verb", "adjective"):
        for family in content[kind]:
            above = dict(_walk(family, None))
            families.append(tuple(above))
            category.update(dict.fromkeys(above, kind))
            parent.update(above)
    return Lexicon(
        families=tuple(families),
        category=category,
        parent=parent,
        held_out_combinations=_pairs(content["held_out_combinations"]),
        held_out_hypernyms=_pairs(content["held_out_hypernyms"]),
    )
