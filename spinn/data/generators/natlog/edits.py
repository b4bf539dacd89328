"""Named one-step edits of formulas."""

from collections.abc import Callable, Iterator, Mapping
from itertools import accumulate, combinations
from random import Random
from typing import Any, TypeAlias

from spinn.data.generators.natlog.formulas import (
    QUANTIFIERS,
    Clause,
    Compound,
    Formula,
    Negation,
    Verbal,
    clauses,
    put_clause,
)
from spinn.data.generators.natlog.lexicon import Lexicon

OBVERSE = {"all": "no", "no": "all", "some": "not all", "not all": "some"}
DENIAL = {"all": "not all", "not all": "all", "some": "no", "no": "some"}
DUAL = {"both": "either", "either": "both"}
WEIGHTS = {
    "hypernym": 5,
    "hyponym": 5,
    "sibling": 3,
    "quantifier": 2,
    "negation": 2,
    "obversion": 1,
    "adjective": 1,
    "relative": 1,
    "denial": 1,
    "connective": 2,
    "de_morgan": 1,
    "add": 2,
    "drop": 2,
    "swap": 1,
    "exchange": 3,
}
Edit: TypeAlias = "Callable[[Formula], Formula | None]"


class Editor:
    """Random edits by name; an edit returns None if it does not apply."""

    def __init__(self, lexicon: Lexicon, new_clause: Callable[[], Formula], rng: Random) -> None:
        self.lexicon = lexicon
        self.rng = rng
        self._new_clause = new_clause
        self._by_word: dict[str, Mapping[str, tuple[str, ...]]] = {
            "hypernym": lexicon.hypernyms,
            "hyponym": lexicon.hyponyms,
            "sibling": lexicon.siblings,
        }
        self._of_clause = {
            "quantifier": self._quantifier,
            "negation": self._negation,
            "obversion": self._obversion,
            "adjective": self._adjective,
            "relative": self._relative,
        }
        self._structural: dict[str, Edit] = {
            "denial": self._denial,
            "connective": self._connective,
            "de_morgan": self._de_morgan,
            "add": self._add,
            "drop": self._drop,
            "swap": self._swap,
            "exchange": self._exchange,
        }
        self._adjectives = lexicon.of_category("adjective")
        self._verbs = lexicon.of_category("verb")
        self._names, self._weights = list(WEIGHTS), list(accumulate(WEIGHTS.values()))

    def edit(self, formula: Formula) -> tuple[str, Formula]:
        """Apply a random edit; return its name and the new formula."""
        while True:
            (name,) = self.rng.choices(self._names, cum_weights=self._weights)
            changed = self.apply(name, formula)
            if changed is not None and changed != formula:
                return name, changed

    def apply(self, name: str, formula: Formula) -> Formula | None:
        """Apply the edit ``name`` to a random clause or to the structure."""
        if name in self._structural:
            return self._structural[name](formula)
        place = self.rng.randrange(len(clauses(formula)))
        changed = self._change_clause(name, clauses(formula)[place])
        return None if changed is None else put_clause(formula, place, changed)

    def _change_clause(self, name: str, clause: Clause) -> Clause | None:
        if name in self._by_word:
            return self._replace_word(clause, self._by_word[name])
        return self._of_clause[name](clause)

    def _replace_word(
        self, clause: Clause, related: Mapping[str, tuple[str, ...]]
    ) -> Clause | None:
        """Replace one word of the clause by a hypernym, hyponym or sibling."""
        fields = ("noun", "predicate", "relative", "adjective")
        field = self.rng.choice([name for name in fields if getattr(clause, name) is not None])
        old = getattr(clause, field)
        choices = related[old.verb if isinstance(old, Verbal) else old]
        if not choices:
            return None
        word = self.rng.choice(choices)
        new = old._replace(verb=word) if isinstance(old, Verbal) else word
        return _put(clause, field, new)

    def _quantifier(self, clause: Clause) -> Clause:
        return clause._replace(quantifier=self.rng.choice(QUANTIFIERS))

    def _negation(self, clause: Clause) -> Clause:
        if clause.relative is not None and self.rng.random() < 0.5:
            return clause._replace(relative=_negate(clause.relative))
        return clause._replace(predicate=_negate(clause.predicate))

    def _obversion(self, clause: Clause) -> Clause:
        """All A B = no A not B; some A B = not all A not B."""
        return clause._replace(
            quantifier=OBVERSE[clause.quantifier], predicate=_negate(clause.predicate)
        )

    def _adjective(self, clause: Clause) -> Clause:
        added = self.rng.choice(self._adjectives) if clause.adjective is None else None
        return clause._replace(adjective=added)

    def _relative(self, clause: Clause) -> Clause:
        if clause.relative is not None:
            return clause._replace(relative=None)
        verb = self.rng.choice(self._verbs)
        return clause._replace(relative=Verbal(verb, self.rng.random() < 0.4))

    def _denial(self, formula: Formula) -> Formula:
        """Add or remove ``it is not the case that``, or negate a clause's quantifier."""
        if isinstance(formula, Negation):
            return formula.body
        if isinstance(formula, Compound) and self.rng.random() < 0.7:
            return self._in_one_part(formula, self._denial)
        if isinstance(formula, Clause) and self.rng.random() < 0.5:
            return deny(formula)
        return Negation(formula)

    def _de_morgan(self, formula: Formula) -> Formula | None:
        if isinstance(formula, Negation):
            return deny(formula.body)
        if isinstance(formula, Compound):
            return Negation(deny(formula))
        return None

    def _connective(self, formula: Formula) -> Formula | None:
        """Both A and B <-> either A or B."""
        if isinstance(formula, Negation):
            body = self._connective(formula.body)
            return None if body is None else Negation(body)
        return formula._replace(word=DUAL[formula.word]) if isinstance(formula, Compound) else None

    def _add(self, formula: Formula) -> Formula:
        """Join the formula with a new clause."""
        word = self.rng.choice(("both", "both", "either"))
        parts = [formula, self._new_clause()]
        self.rng.shuffle(parts)
        return Compound(word, *parts)

    def _drop(self, formula: Formula) -> Formula | None:
        if isinstance(formula, Compound):
            return self.rng.choice((formula.left, formula.right))
        return None

    def _swap(self, formula: Formula) -> Formula | None:
        if isinstance(formula, Negation):
            body = self._swap(formula.body)
            return None if body is None else Negation(body)
        if isinstance(formula, Compound):
            return Compound(formula.word, formula.right, formula.left)
        return None

    def _exchange(self, formula: Formula) -> Formula | None:
        choices = list(exchanges(formula))
        return self.rng.choice(choices) if choices else None

    def _in_one_part(self, formula: Compound, edit: Callable[[Formula], Formula]) -> Formula:
        if self.rng.random() < 0.5:
            return formula._replace(left=edit(formula.left))
        return formula._replace(right=edit(formula.right))


def _put(clause: Clause, field: str, part: Any) -> Clause:
    return clause._replace(**{field: part})


def _negate(verbal: Verbal) -> Verbal:
    return verbal._replace(negated=not verbal.negated)


def deny(formula: Formula) -> Formula:
    """Return the negation, pushed down to the quantifiers."""
    if isinstance(formula, Clause):
        return formula._replace(quantifier=DENIAL[formula.quantifier])
    if isinstance(formula, Negation):
        return formula.body
    return Compound(DUAL[formula.word], deny(formula.left), deny(formula.right))


def exchanges(formula: Formula) -> Iterator[Formula]:
    """Yield every formula with the same words in which two parts of one kind are exchanged."""
    yield from _moved_denials(formula)
    parts = clauses(formula)
    for place, clause in enumerate(parts):
        for changed in _exchanges_within(clause):
            yield put_clause(formula, place, changed)
    for first, second in combinations(range(len(parts)), 2):
        for one, other in _exchanges_between(parts[first], parts[second]):
            changed_first = put_clause(formula, first, one)
            yield put_clause(changed_first, second, other)


def _exchanges_within(clause: Clause) -> Iterator[Clause]:
    """Exchange the verbs, or move ``do not`` from one verb to the other."""
    relative, predicate = clause.relative, clause.predicate
    if relative is not None:
        yield clause._replace(
            relative=relative._replace(verb=predicate.verb),
            predicate=predicate._replace(verb=relative.verb),
        )
        if relative.negated != predicate.negated:
            yield clause._replace(relative=_negate(relative), predicate=_negate(predicate))


def _exchanges_between(one: Clause, other: Clause) -> Iterator[tuple[Clause, Clause]]:
    """Exchange equal parts of two clauses, or move ``do not`` between them."""
    for field in Clause._fields:
        mine, yours = getattr(one, field), getattr(other, field)
        if mine != yours:
            yield _put(one, field, yours), _put(other, field, mine)
    for mine_at in ("relative", "predicate"):
        for yours_at in ("relative", "predicate"):
            mine, yours = getattr(one, mine_at), getattr(other, yours_at)
            if mine is None or yours is None:
                continue
            if mine.negated != yours.negated:
                yield (
                    _put(one, mine_at, _negate(mine)),
                    _put(other, yours_at, _negate(yours)),
                )
            if mine.verb != yours.verb:
                yield (
                    _put(one, mine_at, mine._replace(verb=yours.verb)),
                    _put(other, yours_at, yours._replace(verb=mine.verb)),
                )


def _moved_denials(formula: Formula) -> Iterator[Formula]:
    """Move ``it is not the case that`` inwards, outwards or across; exchange connectives."""
    if isinstance(formula, Negation):
        if isinstance(formula.body, Compound):
            word, left, right = formula.body
            yield Compound(word, Negation(left), right)
            yield Compound(word, left, Negation(right))
        for body in _moved_denials(formula.body):
            yield Negation(body)
    elif isinstance(formula, Compound):
        yield from _denials_of_compound(formula)


def _denials_of_compound(formula: Compound) -> Iterator[Formula]:
    word, left, right = formula
    if isinstance(left, Negation):
        yield Negation(Compound(word, left.body, right))
        if not isinstance(right, Negation):
            yield Compound(word, left.body, Negation(right))
    if isinstance(right, Negation):
        yield Negation(Compound(word, left, right.body))
        if not isinstance(left, Negation):
            yield Compound(word, Negation(left), right.body)
    for changed in _moved_denials(left):
        yield formula._replace(left=changed)
    for changed in _moved_denials(right):
        yield formula._replace(right=changed)
    if isinstance(left, Compound) and left.word != word:
        yield Compound(left.word, left._replace(word=word), right)
    if isinstance(right, Compound) and right.word != word:
        yield Compound(right.word, left, right._replace(word=word))
