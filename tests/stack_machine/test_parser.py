"""The machine that predicts its transitions, against the planned ones and against enumeration."""

import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spinn.batch.sentences import Sentences
from spinn.encoders.supervised_spinn import SupervisedSPINN
from spinn.layers.composition import CompositionSpec
from spinn.layers.embedding import WordEmbedding
from spinn.layers.grc import GRC
from spinn.layers.tree_lstm import TREE_LSTM
from spinn.layers.tree_rnn import TreeRNN
from spinn.stack_machine.parser import beam_search, greedy, sample
from spinn.trees.transitions import check_transitions, every_tree, random_tree

D, K = 4, 3
COMPOSITIONS = {
    "treelstm": TREE_LSTM,
    "treernn": CompositionSpec(TreeRNN),
    "grc": CompositionSpec(GRC, {"cell_size": 2}),
}


def build(beam: int = 1, scale: float = 1.0, composition: str = "treelstm") -> SupervisedSPINN:
    words = WordEmbedding(12, size=5, projection_size=None, dropout=0.0, trained=True)
    encoder = SupervisedSPINN(
        words,
        hidden_size=D,
        tracker_size=K,
        dropout=0.0,
        beam=beam,
        train_on="gold",
        sampling_probability=0.0,
        ramp=1,
        transition_weight=1.0,
        composition=COMPOSITIONS[composition],
    )
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.copy_(scale * torch.randn_like(parameter))
    return encoder.eval()


def of_lengths(*lengths: int) -> Sentences:
    rng = random.Random(0)
    words = [[rng.randrange(1, 12) for _ in range(length)] for length in lengths]
    return Sentences.from_lists(words, [random_tree(length, rng) for length in lengths])


def by_sentence(values: Tensor, sentences: Sentences) -> list[Tensor]:
    return list(values.split((2 * sentences.lengths - 1).tolist()))


def log_probability(
    encoder: SupervisedSPINN, sentences: Sentences, transitions: Tensor
) -> list[float]:
    """The log-probability of whole parses, from a planned machine."""
    log_probs = encoder.encode_along(sentences, None, transitions).log_probs
    chosen = log_probs.detach().gather(1, transitions.long()[:, None])[:, 0]
    return [float(part.sum()) for part in by_sentence(chosen, sentences)]


@pytest.mark.parametrize("composition", COMPOSITIONS)
def test_computes_the_same_as_a_planned_machine(batch: Sentences, composition: str) -> None:
    encoder = build(composition=composition)
    with torch.no_grad():
        found = encoder(batch)
    planned = encoder.encode_along(batch, None, found.transitions)
    for name in ("sentence", "nodes", "tracking", "log_probs"):
        value, expected = getattr(found, name), getattr(planned, name)
        torch.testing.assert_close(value, expected, rtol=0, atol=1e-12, msg=name)


def test_takes_the_likelier_transition_each_time(ragged_batch: Sentences) -> None:
    encoder = build()
    with torch.no_grad():
        encoding = encoder(ragged_batch)
    assert torch.equal(encoding.transitions, (encoding.log_probs.argmax(dim=1)).to(torch.uint8))


def test_with_a_gradient_transitions_and_vectors_are_the_same(ragged_batch: Sentences) -> None:
    encoder = build()
    with torch.no_grad():
        expected = encoder(ragged_batch)
    found = encoder(ragged_batch)
    assert torch.equal(found.transitions, expected.transitions)
    torch.testing.assert_close(found.sentence, expected.sentence, rtol=0, atol=1e-12)
    found.sentence.sum().backward()
    assert encoder.reduce.compose.weight.grad.abs().sum() > 0


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 25), min_size=1, max_size=8),
    seed=st.integers(0, 2**32 - 1),
    scale=st.sampled_from([0.0, 0.1, 3.0, 1e3]),
    beam=st.sampled_from([1, 2, 5]),
)
def test_any_weights_and_lengths_give_one_tree_over_the_words_in_order(
    lengths: list[int], seed: int, scale: float, beam: int
) -> None:
    torch.manual_seed(seed)
    encoder, sentences = build(beam, scale), of_lengths(*lengths)
    for policy in (greedy, sample):
        parses = encoder.parse_batch(sentences, None, policy)
        for transitions, length in zip(
            by_sentence(parses.transitions, sentences), lengths, strict=True
        ):
            check_transitions(bytes(transitions.tolist()), length)
    with torch.no_grad():
        encoding = encoder(sentences)
    for transitions, length in zip(
        by_sentence(encoding.transitions, sentences), lengths, strict=True
    ):
        check_transitions(bytes(transitions.tolist()), length)
    leaves = encoder.leaf(encoder.embedding(sentences.words)).chunk(2, dim=1)[0]
    torch.testing.assert_close(encoding.nodes[: sum(lengths)], leaves)  # words, in their order


@pytest.mark.parametrize("width", [1, 2, 3, 50])
def test_beam_search_agrees_with_python_lists(width: int) -> None:
    encoder, sentences = build(), of_lengths(5, 1, 6, 2, 4)
    found = beam_search(encoder.parser(sentences, None, copies=width), sentences, width=width)
    expected = []
    for words in sentences.words.split(sentences.lengths.tolist()):
        beams = [(0.0, b"")]
        for _ in range(2 * len(words) - 1):
            grown = []
            for _, prefix in beams:
                for tree in {t[: len(prefix) + 1] for t in every_tree(len(words))}:
                    if tree.startswith(prefix):
                        grown.append((prefix_score(encoder, words.tolist(), tree), tree))
            beams = sorted(grown, reverse=True)[:width]
        expected.append(beams[0][1])
    assert bytes(found.tolist()) == b"".join(expected)


def prefix_score(encoder: SupervisedSPINN, words: list[int], prefix: bytes) -> float:
    """Log-probability of the first transitions of a parse, from any parse that starts with them."""
    tree = next(t for t in every_tree(len(words)) if t.startswith(prefix))
    alone = Sentences.from_lists([words], [tree])
    log_probs = encoder.encode_along(alone, None, None).log_probs.detach()
    return float(log_probs.gather(1, alone.transitions.long()[:, None])[: len(prefix)].sum())


def test_a_wide_beam_finds_the_likeliest_tree_of_all() -> None:
    encoder, sentences = build(beam=64, scale=2.0), of_lengths(6, 5, 2, 1)
    with torch.no_grad():
        found = encoder(sentences).transitions
    for words, transitions in zip(
        sentences.words.split(sentences.lengths.tolist()),
        by_sentence(found, sentences),
        strict=True,
    ):
        trees = list(every_tree(len(words)))
        same = Sentences.from_lists([words.tolist()] * len(trees), trees)
        scores = log_probability(encoder, same, same.transitions)
        assert bytes(transitions.tolist()) == trees[max(range(len(trees)), key=scores.__getitem__)]


def test_sampling_frequencies_are_the_probabilities() -> None:
    encoder, words, draws = build(scale=0.7), [3, 5, 1, 7], 4000
    trees = list(every_tree(4))
    every = Sentences.from_lists([words] * len(trees), trees)
    expected = torch.tensor(log_probability(encoder, every, every.transitions)).exp()
    torch.testing.assert_close(expected.sum(), torch.tensor(1.0))
    many = Sentences.from_lists([words] * draws, [trees[0]] * draws)
    drawn = by_sentence(encoder.parse_batch(many, None, sample).transitions, many)
    counts = torch.zeros(len(trees))
    for transitions in drawn:
        counts[trees.index(bytes(transitions.tolist()))] += 1
    chi_squared = ((counts - draws * expected) ** 2 / (draws * expected)).sum()
    assert chi_squared < 18.5  # 4 degrees of freedom: one seed in a thousand would fail


def test_the_worked_example_of_the_docstring() -> None:
    trees = [bytes([0, 0, 0, 1, 1]), bytes([0, 0, 1])]
    sentences = Sentences.from_lists([[1, 2, 3], [4, 5]], trees)
    machine = build().parser(sentences, None, copies=1)
    for step, transitions in enumerate([[0, 0], [0, 0], [0, 1]]):
        with torch.no_grad():
            machine.score(step)
            machine.apply(step, torch.tensor(transitions))
    assert machine.stack.tolist() == [[8, 8, 0, 1, 2], [8, 8, 5, 4, 8]]
    assert machine.depth.tolist() == [3, 1]
