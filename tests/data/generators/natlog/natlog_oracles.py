"""Two proofs of natlog's labels that share no code with the generator's semantics."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

from nltk.inference import TableauProver
from nltk.sem.logic import Expression

from spinn.data.generators.natlog.formulas import (
    Clause,
    Formula,
    Negation,
    Verbal,
    clauses,
    content_words,
)
from spinn.data.generators.natlog.lexicon import Lexicon


def related(lexicon: Lexicon, one: str, other: str) -> str | None:
    """The relation of ``one`` to ``other``: below, above, excludes, or None."""
    if other in lexicon.ancestors(one):
        return "below"
    if one in lexicon.ancestors(other):
        return "above"
    shared = any(one in family and other in family for family in lexicon.families)
    return "excludes" if shared else None


def kinds_of_things(lexicon: Lexicon, words: Sequence[str]) -> list[frozenset[str]]:
    """Every subset of ``words`` that can be exactly the true words of one thing."""
    subsets = (
        frozenset(chosen) for size in range(len(words) + 1) for chosen in combinations(words, size)
    )
    return [kind for kind in subsets if _possible(lexicon, kind, words)]


def _possible(lexicon: Lexicon, kind: frozenset[str], words: Sequence[str]) -> bool:
    for one in kind:
        for other in words:
            relation = related(lexicon, one, other) if one != other else None
            if relation == "below" and other not in kind:
                return False
            if relation == "excludes" and other in kind:
                return False
    return True


def holds(formula: Formula, model: Sequence[frozenset[str]]) -> bool:
    """Whether a sentence is true in a model, which is a set of kinds of things."""
    if isinstance(formula, Clause):
        return _clause_holds(formula, model)
    if isinstance(formula, Negation):
        return not holds(formula.body, model)
    combine = all if formula.word == "both" else any
    return combine(holds(part, model) for part in (formula.left, formula.right))


def _clause_holds(clause: Clause, model: Sequence[frozenset[str]]) -> bool:
    verdicts = [
        _does(kind, clause.predicate)
        for kind in model
        if clause.noun in kind
        and (clause.adjective is None or clause.adjective in kind)
        and (clause.relative is None or _does(kind, clause.relative))
    ]
    return {
        "all": all(verdicts),
        "some": any(verdicts),
        "no": not any(verdicts),
        "not all": not all(verdicts),
    }[clause.quantifier]


def _does(kind: frozenset[str], verbal: Verbal) -> bool:
    return (verbal.verb in kind) != verbal.negated


def label_by_models(lexicon: Lexicon, premise: Formula, hypothesis: Formula) -> str | None:
    """Return the label by enumeration of all models of the pair's words."""
    words = sorted({*content_words(premise), *content_words(hypothesis)})
    nouns = {clause.noun for clause in (*clauses(premise), *clauses(hypothesis))}
    kinds = kinds_of_things(lexicon, words)
    verdicts = set()
    for number in range(1 << len(kinds)):
        model = [kind for place, kind in enumerate(kinds) if number >> place & 1]
        if all(any(noun in kind for kind in model) for noun in nouns) and holds(premise, model):
            verdicts.add(holds(hypothesis, model))
    if not verdicts:
        return None
    return "neutral" if len(verdicts) == 2 else "entailment" if verdicts.pop() else "contradiction"


def first_order(formula: Formula) -> Expression:
    """Convert a sentence to first-order logic."""
    return Expression.fromstring(_first_order(formula))


def _first_order(formula: Formula) -> str:
    if isinstance(formula, Negation):
        return f"-({_first_order(formula.body)})"
    if isinstance(formula, Clause):
        return _first_order_clause(formula)
    link = "&" if formula.word == "both" else "|"
    return f"(({_first_order(formula.left)}) {link} ({_first_order(formula.right)}))"


def _first_order_clause(clause: Clause) -> str:
    subject = [f"{clause.noun}(x)"]
    if clause.adjective is not None:
        subject.append(f"{clause.adjective}(x)")
    if clause.relative is not None:
        subject.append(_atom(clause.relative))
    restricted, predicate = " & ".join(subject), _atom(clause.predicate)
    return {
        "all": f"all x.(({restricted}) -> {predicate})",
        "some": f"exists x.({restricted} & {predicate})",
        "no": f"-exists x.({restricted} & {predicate})",
        "not all": f"-all x.(({restricted}) -> {predicate})",
    }[clause.quantifier]


def _atom(verbal: Verbal) -> str:
    return f"{'-' if verbal.negated else ''}{verbal.verb}(x)"


def background(lexicon: Lexicon, premise: Formula, hypothesis: Formula) -> list[Expression]:
    """Return axioms: relations between the pair's words, and non-empty nouns."""
    words = sorted({*content_words(premise), *content_words(hypothesis)})
    nouns = sorted({clause.noun for clause in (*clauses(premise), *clauses(hypothesis))})
    axioms = [f"exists x.{noun}(x)" for noun in nouns]
    for one, other in combinations(words, 2):
        relation = related(lexicon, one, other)
        if relation == "below":
            axioms.append(f"all x.({one}(x) -> {other}(x))")
        elif relation == "above":
            axioms.append(f"all x.({other}(x) -> {one}(x))")
        elif relation == "excludes":
            axioms.append(f"all x.({one}(x) -> -{other}(x))")
    return [Expression.fromstring(axiom) for axiom in axioms]


class TooLongError(Exception):
    """The prover reached no result within its steps."""


class BoundedProver(TableauProver):
    """NLTK's prover with a limit on its steps, and on their nesting.

    At its built-in limits, NLTK's prover returns "not proven" although the result is unknown. A
    time limit by a signal is unreliable: an exception that its handler raises inside a callback of
    the garbage collector is lost, and the test fails. Steps are also the same on every machine.
    """

    TIMEOUT = 0
    DEEPEST = 150  # two or three frames each, of the thousand that Python has

    def __init__(self, steps: int) -> None:
        self.left = steps

    def _attempt_proof(self, agenda: Any, accessible: Any, atoms: Any, debug: Any) -> bool:
        self.left -= 1
        if self.left < 0 or debug.indent > self.DEEPEST:
            raise TooLongError
        return bool(super()._attempt_proof(agenda, accessible, atoms, debug))


def label_by_tableau(
    lexicon: Lexicon, premise: Formula, hypothesis: Formula, steps: int
) -> str | None:
    """The label by NLTK's tableau prover; None if it finds none within the steps."""
    prover = BoundedProver(steps)
    given = [*background(lexicon, premise, hypothesis), first_order(premise)]
    goal = first_order(hypothesis)
    try:
        if prover.prove(goal, given):
            return "entailment"
        if prover.prove(-goal, given):
            return "contradiction"
    except TooLongError:
        return None
    return "neutral"
