"""Formulas of natlog, and their conversion to and from parse trees and words.

Trees follow the grammar ``grammar.pcfg``. In the bracketed form, a node with one child is merged
with the child, so that every tree is binary.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import NamedTuple, TypeAlias

from nltk import PCFG, ChartParser, Nonterminal, Production, Tree

from spinn.data.generators.natlog.lexicon import Lexicon

GRAMMAR_PATH = Path(__file__).with_name("grammar.pcfg")
QUANTIFIERS = ("all", "some", "no", "not all")
CACHED = 1 << 14


class Verbal(NamedTuple):
    """A verb, or its negation: ``walk``, ``do not walk``."""

    verb: str
    negated: bool


class Clause(NamedTuple):
    """A quantifier over a restricted noun, and a verb: ``all old dogs that walk sing``."""

    quantifier: str
    adjective: str | None
    noun: str
    relative: Verbal | None
    predicate: Verbal


class Negation(NamedTuple):
    """``it is not the case that`` body."""

    body: "Formula"


class Compound(NamedTuple):
    """``both`` left ``and`` right, or ``either`` left ``or`` right (or both of them)."""

    word: str
    left: "Formula"
    right: "Formula"


Formula: TypeAlias = Clause | Negation | Compound
FUNCTION_WORDS = {"all", "some", "no", "not", "do", "that", "both", "and", "either", "or"}
FUNCTION_WORDS |= {"it", "is", "the", "case"}
LINK = {"both": "and", "either": "or"}


def clauses(formula: Formula) -> tuple[Clause, ...]:
    """Return the clauses from left to right."""
    if isinstance(formula, Clause):
        return (formula,)
    if isinstance(formula, Negation):
        return clauses(formula.body)
    return clauses(formula.left) + clauses(formula.right)


def content_words(formula: Formula) -> tuple[str, ...]:
    """Return the nouns, verbs and adjectives, clause by clause."""
    return tuple(
        part.verb if isinstance(part, Verbal) else part
        for clause in clauses(formula)
        for part in clause[1:]
        if part is not None
    )


def put_clause(formula: Formula, place: int, clause: Clause) -> Formula:
    """Replace clause number ``place``."""
    if isinstance(formula, Clause):
        return clause
    if isinstance(formula, Negation):
        return Negation(put_clause(formula.body, place, clause))
    on_the_left = len(clauses(formula.left))
    if place < on_the_left:
        return formula._replace(left=put_clause(formula.left, place, clause))
    return formula._replace(right=put_clause(formula.right, place - on_the_left, clause))


class Sentence(NamedTuple):
    """Words with their binary tree in SNLI's notation, ``( ( all dogs ) walk )``."""

    parse: str
    text: str
    depth: int  # edges from the root down to the farthest word


def pair(left: Sentence, right: Sentence) -> Sentence:
    """Join two trees."""
    return Sentence(
        f"( {left.parse} {right.parse} )",
        f"{left.text} {right.text}",
        1 + max(left.depth, right.depth),
    )


def word(text: str) -> Sentence:
    """Return the tree of one word."""
    return Sentence(text, text, 0)


NOT_ALL = pair(word("not"), word("all"))
THE_CASE = pair(word("the"), word("case"))
IT_IS_NOT_THE_CASE = pair(word("it"), pair(word("is"), pair(word("not"), THE_CASE)))


def spell(formula: Formula) -> Sentence:
    """Return the formula in words, with its parse tree in the grammar."""
    if isinstance(formula, Clause):
        return _spell_clause(formula)
    if isinstance(formula, Negation):
        return pair(IT_IS_NOT_THE_CASE, pair(word("that"), spell(formula.body)))
    left, right = spell(formula.left), spell(formula.right)
    return pair(pair(word(formula.word), left), pair(word(LINK[formula.word]), right))


@lru_cache(CACHED)
def _spell_clause(clause: Clause) -> Sentence:
    nominal = word(clause.noun)
    if clause.adjective is not None:
        nominal = pair(word(clause.adjective), nominal)
    if clause.relative is not None:
        nominal = pair(nominal, pair(word("that"), _spell_verbal(clause.relative)))
    quantifier = NOT_ALL if clause.quantifier == "not all" else word(clause.quantifier)
    return pair(pair(quantifier, nominal), _spell_verbal(clause.predicate))


def _spell_verbal(verbal: Verbal) -> Sentence:
    verb = word(verbal.verb)
    return pair(word("do"), pair(word("not"), verb)) if verbal.negated else verb


class _Expansions:
    """The weighted right-hand sides of a symbol."""

    def __init__(self) -> None:
        self.children: list[Sequence[Nonterminal | str]] = []
        self.weights: list[float] = []  # cumulative, as in Random.choices

    def add(self, children: Sequence[Nonterminal | str], weight: float) -> None:
        self.children.append(children)
        self.weights.append(weight + (self.weights[-1] if self.weights else 0.0))

    def draw(self, rng: Random) -> Sequence[Nonterminal | str]:
        if len(self.children) == 1:
            return self.children[0]
        return rng.choices(self.children, cum_weights=self.weights)[0]


class Grammar:
    """The NLTK grammar with the lexicon's words: samples formulas and parses sentences."""

    def __init__(self, lexicon: Lexicon, path: Path = GRAMMAR_PATH) -> None:
        self.rules = PCFG.fromstring(path.read_text(encoding="utf-8") + _lexical_rules(lexicon))
        self.start: Nonterminal = self.rules.start()
        self._sentence_holders = {  # BothS, ThatS and so on
            rule.lhs() for rule in self.rules.productions() if self.start in rule.rhs()
        }
        self._choices: defaultdict[tuple[Nonterminal, str], _Expansions] = defaultdict(_Expansions)
        for rule in self.rules.productions():
            for size in ("one", "more"):
                if self._fits(rule, size):
                    self._choices[rule.lhs(), size].add(rule.rhs(), rule.prob())
        self._parser = ChartParser(self.rules)

    def sample(self, rng: Random, count: int) -> Formula:
        """Draw a formula of ``count`` clauses by the weights of the rules."""
        return read_tree(self._expand(self.start, rng, count))

    def parses(self, sentence: str) -> Iterator[Formula]:
        """Yield every reading of a sentence."""
        return (read_tree(tree) for tree in self._parser.parse(sentence.split(" ")))

    def _fits(self, rule: Production, size: str) -> bool:
        """Whether the rule can expand to a sentence of one clause, or of more."""
        if rule.lhs() != self.start:
            return True
        parts = sum(symbol in self._sentence_holders for symbol in rule.rhs())
        return parts < 2 if size == "one" else parts > 0

    def _expand(self, symbol: Nonterminal | str, rng: Random, count: int) -> Tree | str:
        if isinstance(symbol, str):
            return symbol
        children = self._choices[symbol, "one" if count == 1 else "more"].draw(rng)
        counts = [count] * len(children)
        if count > 1 and self._sentence_holders.issuperset(children):
            first = rng.randrange(1, count)
            counts = [first, count - first]
        pairs = zip(children, counts, strict=True)
        parts = [self._expand(child, rng, share) for child, share in pairs]
        return Tree(symbol.symbol(), parts)


def _lexical_rules(lexicon: Lexicon) -> str:
    """Return the rules of the preterminals; all words of a category have equal weights."""
    rules = []
    for category in ("noun", "verb", "adjective"):
        entries = lexicon.of_category(category)
        # The last weight closes the sum to one, which NLTK checks.
        weights = [round(1 / len(entries), 6)] * (len(entries) - 1)
        weights.append(1 - sum(weights))
        choices = (f"'{word}' [{weight}]" for word, weight in zip(entries, weights, strict=True))
        rules.append(f"{category.capitalize()} -> {' | '.join(choices)}\n")
    return "\n" + "".join(rules)


def read_tree(tree: Tree) -> Formula:
    """Return the formula of a sentence's parse tree."""
    head = tree[0].label()
    if head == "ItIsNotTheCase":
        return Negation(read_tree(tree[1][1]))
    if head in ("BothS", "EitherS"):
        return Compound(tree[0][0], read_tree(tree[0][1]), read_tree(tree[1][1]))
    quantifier, nominal = tree[0]
    group = nominal[0].leaves()
    relative = _read_verbal(nominal[1][1]) if len(nominal) == 2 else None
    adjective = group[0] if len(group) == 2 else None
    return Clause(
        " ".join(quantifier.leaves()), adjective, group[-1], relative, _read_verbal(tree[1])
    )


def _read_verbal(tree: Tree) -> Verbal:
    return Verbal(tree.leaves()[-1], len(tree.leaves()) > 1)
