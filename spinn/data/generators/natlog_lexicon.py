"""The words of natlog and what they imply of one another, read from ``natlog.yaml``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

LEXICON_PATH = Path(__file__).with_name("natlog.yaml")


@dataclass(frozen=True)
class Lexicon:
    """Words by category, and the tree of kinds that each stands in.

    Within a family two words are either above one another or exclude each other; words of
    different families are independent.
    """

    families: tuple[tuple[str, ...], ...]  # the words of each family, parents before children
    category: Mapping[str, str]  # word -> noun, verb or adjective
    parent: Mapping[str, str | None]
    held_out_combinations: tuple[tuple[str, str], ...] = ()
    held_out_hypernyms: tuple[tuple[str, str], ...] = ()  # (hyponym, hypernym)

    def of_category(self, category: str) -> tuple[str, ...]:
        """The words of one category, in the order of the file."""
        return tuple(word for word, kind in self.category.items() if kind == category)

    def ancestors(self, word: str) -> tuple[str, ...]:
        """The words above ``word``, nearest first."""
        above = self.parent[word]
        return () if above is None else (above, *self.ancestors(above))

    @cached_property
    def hypernyms(self) -> dict[str, tuple[str, ...]]:
        """Every word above each word."""
        return {word: self.ancestors(word) for word in self.parent}

    @cached_property
    def hyponyms(self) -> dict[str, tuple[str, ...]]:
        """Every word below each word."""
        return {
            word: tuple(other for other in self.parent if word in self.hypernyms[other])
            for word in self.parent
        }

    @cached_property
    def siblings(self) -> dict[str, tuple[str, ...]]:
        """The words that share each word's parent, or its place at the top of the family."""
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
        """The lexicon in which ``word`` excludes what stood above it."""
        return replace(self, parent={**self.parent, word: None})


def _walk(kinds: Any, parent: str | None) -> Iterator[tuple[str, str | None]]:
    """Every word of a nest of kinds with the word right above it."""
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
