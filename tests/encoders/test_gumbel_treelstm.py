"""The Gumbel Tree-LSTM against plain Python, the TreeLSTM and the paper's equations."""

import random
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.encoders.gumbel_treelstm import GumbelTreeLSTM
from spinn.encoders.spinn_pi import SPINNPI
from spinn.layers.embedding import WordEmbedding
from spinn.trees.transitions import check_transitions, right_branching

D = 6
State = tuple[Tensor, Tensor]  # h and c of a node, each (1, D)


def build(**changes: object) -> GumbelTreeLSTM:
    words = WordEmbedding(12, size=5, projection_size=None, dropout=0.0, trained=True)
    settings = {"hidden_size": D, "leaf": "linear", "temperature": 0.7, "dropout": 0.0}
    encoder = GumbelTreeLSTM(words, **(settings | changes))
    torch.nn.init.normal_(encoder.query, std=3.0)  # an untrained query hardly prefers any tree
    return encoder


def leaves(encoder: GumbelTreeLSTM, sentence: Sentences) -> list[State]:
    """Each word's (h, c), which `test_leaves.py` tests."""
    vectors = encoder.embedding(sentence.words)
    rows = encoder.leaf(vectors, sentence) if encoder.in_context else encoder.leaf(vectors)
    return [tuple(row[None].chunk(2, dim=1)) for row in rows]


def merge_plainly(encoder: GumbelTreeLSTM, sentence: Sentences) -> tuple[bytes, list[Tensor]]:
    """Merge one sentence greedily, composing every pair again each time.

    Returns: its transitions, and h of every word and then of every REDUCE.
    """
    nodes = [(state, b"\x00", []) for state in leaves(encoder, sentence)]
    word_h = [state[0] for state, _, _ in nodes]
    while len(nodes) > 1:
        parents = [encoder.reduce(a[0], b[0]) for a, b in pairwise(nodes)]
        scores = [float((h * encoder.query).sum().detach()) for h, _ in parents]
        k = next(i for i, score in enumerate(scores) if score > max(scores) - 1e-12)
        (_, left_transitions, left_h), (_, right_transitions, right_h) = nodes[k : k + 2]
        merged = (
            parents[k],
            left_transitions + right_transitions + b"\x01",
            [*left_h, *right_h, parents[k][0]],
        )
        nodes[k : k + 2] = [merged]
    return nodes[0][1], word_h + nodes[0][2]


def sample_plainly(encoder: GumbelTreeLSTM, sentence: Sentences) -> Tensor:
    """One sentence's vector (1, D) in training, by the paper's equations over whole levels.

    The noise is sampled as in the encoder, so that equal seeds give equal trees.
    """
    nodes = leaves(encoder, sentence)
    while len(nodes) > 1:
        parents = [encoder.reduce(a, b) for a, b in pairwise(nodes)]
        scores = torch.stack([(h * encoder.query).sum() for h, _ in parents])
        noise = -torch.log(torch.empty_like(scores).exponential_())
        soft = torch.softmax((scores + noise) / encoder.temperature, 0)
        hard = torch.nn.functional.one_hot(soft.argmax(), len(soft)).to(soft.dtype)
        y = hard - soft.detach() + soft
        nodes = [
            tuple(
                (1 - y[: i + 1].sum()) * nodes[i][part]  # stays, left of the merge
                + y[i] * parents[i][part]
                + y[:i].sum() * nodes[i + 1][part]  # shifts by one place, right of it
                for part in (0, 1)
            )
            for i in range(len(parents))
        ]
    return nodes[0][0]


def along_its_trees(sentences: Sentences, encoding: Encoding) -> Sentences:
    """The same words under the trees that the encoder chose."""
    return Sentences.from_arrays(
        sentences.words.numpy(), sentences.lengths.numpy(), encoding.transitions.numpy()
    )


LEAVES = pytest.mark.parametrize("leaf", ["linear", "lstm", "bilstm"])


@LEAVES
def test_evaluation_agrees_with_plain_python(
    leaf: str, batch: Sentences, alone: Callable[[Sentences], list[Sentences]]
) -> None:
    encoder = build(leaf=leaf).eval()
    encoding = encoder(batch)
    parts = [merge_plainly(encoder, sentence) for sentence in alone(batch)]
    assert bytes(encoding.transitions.tolist()) == b"".join(transitions for transitions, _ in parts)
    lengths = batch.lengths.tolist()
    rows = [h for (_, all_h), n in zip(parts, lengths, strict=True) for h in all_h[:n]]
    rows += [h for (_, all_h), n in zip(parts, lengths, strict=True) for h in all_h[n:]]
    torch.testing.assert_close(encoding.nodes, torch.cat(rows), rtol=0, atol=1e-12)
    roots = torch.cat([all_h[-1] for _, all_h in parts])
    torch.testing.assert_close(encoding.sentence, roots, rtol=0, atol=1e-12)


def test_plain_python_finds_many_kinds_of_trees(ragged_batch: Sentences) -> None:
    """Else the comparison above could be of left-branching trees alone."""
    found = set()
    for seed in range(30):
        torch.manual_seed(seed)
        found.add(bytes(build().eval()(ragged_batch).transitions.tolist()))
    assert len(found) > 20


@pytest.mark.parametrize("training", [True, False])
def test_its_vectors_are_those_of_a_treelstm_along_its_trees(
    training: bool, batch: Sentences
) -> None:
    """In training too: the forward value of a straight-through weight is 0 or 1."""
    encoder = build().train(training)
    treelstm = SPINNPI(encoder.embedding, hidden_size=D, tracker_size=None, dropout=0.0)
    treelstm.leaf, treelstm.reduce = encoder.leaf, encoder.reduce
    found = encoder(batch)
    expected = treelstm(along_its_trees(batch, found))
    torch.testing.assert_close(found.sentence, expected.sentence, rtol=0, atol=1e-12)
    torch.testing.assert_close(found.nodes, expected.nodes, rtol=0, atol=1e-12)


def test_gradients_in_evaluation_are_those_of_a_treelstm(ragged_batch: Sentences) -> None:
    encoder = build().eval()
    treelstm = SPINNPI(encoder.embedding, hidden_size=D, tracker_size=None, dropout=0.0)
    treelstm.leaf, treelstm.reduce = encoder.leaf, encoder.reduce
    weights = list(treelstm.parameters())
    found = encoder(ragged_batch)
    expected = treelstm(along_its_trees(ragged_batch, found))
    toward = torch.randn_like(found.nodes)
    for one, other in zip(
        torch.autograd.grad((found.nodes * toward).sum(), weights),
        torch.autograd.grad((expected.nodes * toward).sum(), weights),
        strict=True,
    ):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-10)


@LEAVES
@pytest.mark.parametrize("temperature", [0.3, 1.0, 5.0])
def test_gradients_in_training_are_those_of_the_papers_equations(
    leaf: str, temperature: float
) -> None:
    encoder = build(leaf=leaf, temperature=temperature)
    sentence = Sentences.from_lists([[3, 1, 4, 1, 5, 9, 2, 6]], [right_branching(8)])
    toward = torch.randn(1, D)
    gradients = []
    for encode in (lambda: encoder(sentence).sentence, lambda: sample_plainly(encoder, sentence)):
        torch.manual_seed(5)
        encoder.zero_grad()
        (encode() * toward).sum().backward()
        gradients.append({name: p.grad.clone() for name, p in encoder.named_parameters()})
    assert gradients[0]["query"].abs().max() > 1e-4
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradient, gradients[1][name], rtol=0, atol=1e-11, msg=name)


def test_in_training_other_sentences_change_no_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without noise, which is sampled for the whole batch, gradients add up over sentences."""
    monkeypatch.setattr(Tensor, "exponential_", lambda drawn: drawn.fill_(1.0))
    encoder = build()
    rng = random.Random(2)
    words = [[rng.randrange(1, 12) for _ in range(n)] for n in (4, 1, 9, 2, 9, 6)]
    batches = [words, *([ids] for ids in words)]
    gradients = []
    for ids in batches:
        sentences = Sentences.from_lists(ids, [right_branching(len(each)) for each in ids])
        encoder.zero_grad()
        encoder(sentences).sentence.square().sum().backward()
        gradients.append(
            [torch.zeros(()) if p.grad is None else p.grad.clone() for p in encoder.parameters()]
        )
    for together, *apart in zip(*gradients, strict=True):
        torch.testing.assert_close(together, sum(apart), rtol=0, atol=1e-10)


def test_the_temperature_changes_gradients_only(ragged_batch: Sentences) -> None:
    """A low temperature leaves the scores little gradient where one place is much better."""
    encoder, found = build(), []
    for temperature in (1e-3, 1.0):
        encoder.temperature = temperature
        encoder.zero_grad()
        torch.manual_seed(7)
        sentence = encoder(ragged_batch).sentence
        sentence.square().sum().backward()
        found.append((sentence, encoder.query.grad.clone()))
    assert torch.equal(found[0][0], found[1][0])
    assert found[0][1].norm() < 0.1 * found[1][1].norm()


def test_training_samples_and_evaluation_does_not(ragged_batch: Sentences) -> None:
    encoder = build()
    one, other = (encoder(ragged_batch).transitions for _ in range(2))
    assert not torch.equal(one, other)
    torch.manual_seed(4)
    again = encoder(ragged_batch).transitions
    torch.manual_seed(4)
    assert torch.equal(encoder(ragged_batch).transitions, again)
    encoder.eval()
    assert torch.equal(encoder(ragged_batch).transitions, encoder(ragged_batch).transitions)


def test_the_given_parse_is_ignored(batch: Sentences) -> None:
    encoder = build().eval()
    other = Sentences.from_sequences(batch.words.numpy(), batch.lengths.numpy())
    one, two = encoder(batch), encoder(other)
    assert torch.equal(one.transitions, two.transitions)
    torch.testing.assert_close(one.nodes, two.nodes, rtol=0, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=6),
    seed=st.integers(0, 2**16),
    scale=st.sampled_from([0.0, 1e-8, 1.0, 1e3, float("nan")]),
    training=st.booleans(),
)
def test_transitions_always_build_one_tree_over_each_sentence(
    lengths: list[int], seed: int, scale: float, training: bool
) -> None:
    """Also where all scores are equal, or weights are NaN."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    encoder = build().train(training)
    encoder.query.data.mul_(scale)
    words = [[rng.randrange(1, 12) for _ in range(length)] for length in lengths]
    encoding = encoder(Sentences.from_lists(words, [right_branching(n) for n in lengths]))
    transitions = bytes(encoding.transitions.tolist())
    for length in lengths:
        check_transitions(transitions[: 2 * length - 1], length)
        transitions = transitions[2 * length - 1 :]
    assert not transitions
    assert encoding.transitions.dtype == torch.uint8
    assert encoding.transitions.device.type == "cpu"
    assert encoding.log_probs is None
    assert encoding.tracking is None


@pytest.mark.parametrize("repeated", [[3], [3, 5]])
@pytest.mark.parametrize("seed", range(8))
def test_equal_scores_go_to_the_leftmost_in_any_batch(repeated: list[int], seed: int) -> None:
    """In float32, where a pair's rounding depends on the other rows of the product."""
    torch.set_default_dtype(torch.float32)
    torch.manual_seed(seed)
    encoder = build(hidden_size=100).eval()
    same = [(31 * repeated)[:length] for length in (23, 5, 17, 2, 9, 1, 31)]
    trees = [right_branching(len(ids)) for ids in same]
    together = encoder(Sentences.from_lists(same, trees)).transitions
    apart = [
        encoder(Sentences.from_lists([ids], [tree])).transitions
        for ids, tree in zip(same, trees, strict=True)
    ]
    assert torch.equal(together, torch.cat(apart))


def test_a_very_long_sentence_in_evaluation() -> None:
    words = [1 + i * i % 11 for i in range(1000)]
    encoder = build().eval()
    with torch.inference_mode():
        encoding = encoder(Sentences.from_lists([words], [right_branching(1000)]))
    check_transitions(bytes(encoding.transitions.tolist()), 1000)


@pytest.mark.parametrize("training", [True, False])
@LEAVES
def test_under_autocast_states_and_scores_keep_full_precision(
    leaf: str, training: bool, ragged_batch: Sentences
) -> None:
    torch.set_default_dtype(torch.float32)
    encoder = build(leaf=leaf).train(training)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        encoding = encoder(ragged_batch)
    assert encoding.sentence.dtype == encoding.nodes.dtype == torch.float32
    encoding.sentence.square().sum().backward()
    assert encoder.reduce.compose.weight.grad.isfinite().all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"leaf": "gru"}, r"leaf: 'gru'; expected one of \('linear', 'lstm', 'bilstm'\)"),
        ({"temperature": 0.0}, "temperature: 0.0; expected a finite number above 0"),
        ({"temperature": float("nan")}, "temperature: nan; expected a finite number above 0"),
        ({"temperature": float("inf")}, "temperature: inf; expected a finite number above 0"),
    ],
)
def test_settings_out_of_range_are_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(**changes)
