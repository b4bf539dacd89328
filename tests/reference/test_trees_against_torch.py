"""Reduce, TreeLSTM and SPINN equal the NumPy reference, forward and backward."""

import random
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from closeness import close, leaves, numpy
from torch import Tensor, nn

from spinn.batch.sentences import Sentences
from spinn.encoders.spinn_pi import SPINNPI
from spinn.layers.embedding import WordEmbedding
from spinn.layers.tree_lstm import TreeLSTM as Reduce
from spinn.reference import spinn, tree_lstm
from spinn.reference.activations import Array
from spinn.trees.transitions import REDUCE, SHIFT, every_tree, random_tree

H, K, VOCABULARY = 4, 3, 12


def shapes() -> list[bytes]:
    return [tree for length in range(1, 6) for tree in every_tree(length)]


def ragged() -> list[bytes]:
    rng = random.Random(1)
    return [random_tree(length, rng) for length in (3, 1, 14, 2, 9, 1, 7)]


BATCHES = {"shapes": shapes(), "ragged": ragged(), "one word": [b"\x00"]}


@pytest.fixture(params=BATCHES)
def trees(request: pytest.FixtureRequest) -> list[bytes]:
    return BATCHES[request.param]


def leaf_count(tree: bytes) -> int:
    return (len(tree) + 1) // 2


def reduce_weights(reduce: Reduce) -> tuple[Array, Array, Array]:
    U_left, U_right = np.split(numpy(reduce.compose.weight), 2, axis=1)
    return U_left, U_right, numpy(reduce.compose.bias)


def over_tree(reduce: Reduce, h: Tensor, c: Tensor, tree: bytes) -> tuple[Tensor, Tensor]:
    """Compose one sentence's words (T, D) with a stack; h and c of the root, each (D,)."""
    stack, words = [], iter(zip(h[:, None], c[:, None], strict=True))
    for transition in tree:
        if transition == SHIFT:
            stack.append(next(words))
        else:
            right, left = stack.pop(), stack.pop()
            stack.append(reduce(left, right))
    return stack[0][0][0], stack[0][1][0]


def scramble(module: nn.Module) -> None:
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn_like(parameter))


def test_tree_lstm_equals_reduce_applied_along_the_tree(trees: list[bytes]) -> None:
    reduce, T = Reduce(H, tracker_size=None), max(map(leaf_count, trees))
    scramble(reduce)
    h, c = leaves((T, len(trees), H), (T, len(trees), H))
    roots = [
        over_tree(reduce, h[: leaf_count(tree), column], c[: leaf_count(tree), column], tree)
        for column, tree in enumerate(trees)
    ]
    root_h, root_c = (torch.stack(values) for values in zip(*roots, strict=True))  # (B, D)
    on_h, on_c = torch.randn_like(root_h), torch.randn_like(root_c)
    ((root_h * on_h).sum() + (root_c * on_c).sum()).backward()

    weights = tree_lstm.Weights(*reduce_weights(reduce))
    trace = tree_lstm.forward(weights, numpy(h), numpy(c), trees)
    roots = trace.steps.roots, np.arange(len(trees))
    close(trace.h[roots], root_h, "h of the roots")
    close(trace.c[roots], root_c, "c of the roots")
    d_h, d_c = np.zeros((2, *trace.h.shape))
    d_h[roots], d_c[roots] = on_h, on_c
    gradients = tree_lstm.backward(weights, trace, d_h, d_c)
    close(gradients["h"], h.grad, "h")
    close(gradients["c"], c.grad, "c")
    assert_same_reduce(gradients, reduce, "b")


def assert_same_reduce(gradients: dict[str, Array], reduce: Reduce, bias: str) -> None:
    """Compare the gradients of Reduce's weights; torch has None where nothing was composed."""
    weight, b = reduce.compose.weight, reduce.compose.bias
    children = np.concatenate([gradients["U_left"], gradients["U_right"]], axis=1)
    close(children, torch.zeros_like(weight) if weight.grad is None else weight.grad, "U")
    close(gradients[bias], torch.zeros_like(b) if b.grad is None else b.grad, bias)


def encoder(tracker_size: int | None) -> SPINNPI:
    """Trained embeddings of size 2D, so that the table holds (h, c) directly."""
    words = WordEmbedding(VOCABULARY, size=2 * H, projection_size=None, dropout=0.0, trained=True)
    module = SPINNPI(words, hidden_size=H, tracker_size=tracker_size, dropout=0.0)
    assert isinstance(module.leaf, nn.Identity)
    scramble(module)
    return module


def make_batch(trees: Sequence[bytes]) -> tuple[list[list[int]], Sentences]:
    """Use few distinct words, so that words repeat."""
    rng = random.Random(2)
    words = [[rng.randrange(1, VOCABULARY) for _ in range(leaf_count(tree))] for tree in trees]
    return words, Sentences.from_lists(words, trees)


def pad(words: list[list[int]]) -> Array:
    """Return ids (T, B), with 0 as padding."""
    ids = np.zeros((max(map(len, words)), len(words)), dtype=np.int64)
    for column, sentence in enumerate(words):
        ids[: len(sentence), column] = sentence
    return ids


def node_indices(trees: Sequence[bytes], steps: int) -> tuple[Array, Array]:
    """Return node number and sentence of each row of `Encoding.nodes`: words, then REDUCEs."""
    words = [(1 + t, b) for b, tree in enumerate(trees) for t in range(leaf_count(tree))]
    inner = [
        (1 + steps + s, b)
        for b, tree in enumerate(trees)
        for s, transition in enumerate(tree)
        if transition == REDUCE
    ]
    numbers, columns = np.array(words + inner).T
    return numbers, columns


def weights_of(module: SPINNPI) -> spinn.Weights:
    tracker = module.tracker
    W_second, W_top = np.split(numpy(tracker.read_stack.weight), 2, axis=1)
    U_left, U_right, b = reduce_weights(module.reduce)
    return spinn.Weights(
        numpy(tracker.read_buffer.weight),
        W_second,
        W_top,
        numpy(tracker.recur.weight),
        numpy(tracker.read_buffer.bias),
        U_left,
        U_right,
        numpy(module.reduce.track.weight),
        b,
    )


@pytest.mark.parametrize("tracker_size", [None, K])
def test_the_encoders_equal_the_reference(trees: list[bytes], tracker_size: int | None) -> None:
    module = encoder(tracker_size)
    words, sentences = make_batch(trees)
    encoding = module(sentences)
    on_nodes, on_sentence = torch.randn_like(encoding.nodes), torch.randn_like(encoding.sentence)
    ((encoding.nodes * on_nodes).sum() + (encoding.sentence * on_sentence).sum()).backward()

    ids = pad(words)
    h, c = np.split(numpy(module.embedding.table.weight)[ids], 2, axis=-1)  # (T, B, D) each
    zeros = np.zeros((len(trees), K))
    if tracker_size is None:
        weights = tree_lstm.Weights(*reduce_weights(module.reduce))
        trace = tree_lstm.forward(weights, h, c, trees)
    else:
        weights = weights_of(module)
        trace = spinn.forward(weights, h, c, trees, zeros, zeros)
    nodes, roots = node_indices(trees, len(h)), (trace.steps.roots, np.arange(len(trees)))
    close(trace.h[nodes], encoding.nodes, "nodes")
    close(trace.h[roots], encoding.sentence, "sentences")
    d_h = np.zeros_like(trace.h)
    d_h[nodes] += on_nodes.numpy()
    d_h[roots] += on_sentence.numpy()
    backward = tree_lstm.backward if tracker_size is None else spinn.backward
    gradients = backward(weights, trace, d_h, np.zeros_like(d_h))
    table = np.zeros(module.embedding.table.weight.shape)
    np.add.at(table, ids, np.concatenate([gradients["h"], gradients["c"]], axis=-1))
    close(table, module.embedding.table.weight.grad, "words")
    assert_same_reduce(gradients, module.reduce, "b" if tracker_size is None else "b_reduce")
    if tracker_size is not None:
        assert_same_tracker(gradients, module)


def assert_same_tracker(gradients: dict[str, Array], module: SPINNPI) -> None:
    """Compare the gradients of the Tracker's weights."""
    tracker, track = module.tracker, module.reduce.track
    stack = np.concatenate([gradients["W_second"], gradients["W_top"]], axis=1)
    pairs = {
        "W_buffer": (gradients["W_buffer"], tracker.read_buffer.weight),
        "W_second and W_top": (stack, tracker.read_stack.weight),
        "U": (gradients["U"], tracker.recur.weight),
        "b_tracker": (gradients["b_tracker"], tracker.read_buffer.bias),
        "V": (gradients["V"], track.weight),
    }
    for name, (found, weight) in pairs.items():
        close(found, torch.zeros_like(weight) if weight.grad is None else weight.grad, name)
