"""The parts of easy-first merging: sampling, mixing, and transitions from merges."""

import numpy as np
import pytest
import torch
from torch import Tensor

from spinn.batch.sentences import Sentences
from spinn.stack_machine.easy_first import _levels, _neighbours, mix, straight_through, transitions


def test_weights_are_one_hot_with_the_gradient_of_the_softmax() -> None:
    scores = torch.randn(7, 5, requires_grad=True)
    legal = torch.arange(5) < torch.tensor([1, 2, 3, 4, 5, 5, 5])[:, None]
    torch.manual_seed(1)
    weights = straight_through(scores.where(legal, -torch.inf), 0.5)
    assert torch.equal(weights.sum(1), torch.ones(7))
    assert set(weights.flatten().tolist()) == {0.0, 1.0}
    assert not weights[~legal].any()
    toward = torch.randn(7, 5)
    (found,) = torch.autograd.grad((weights * toward).sum(), scores)

    torch.manual_seed(1)
    noise = -torch.empty(7, 5).exponential_().log()
    soft = ((scores + noise) / 0.5).where(legal, -torch.inf).softmax(1)
    (expected,) = torch.autograd.grad((soft * toward).sum(), scores)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)
    assert not found[~legal].any()


def test_sampling_frequencies_are_those_of_the_softmax() -> None:
    scores = torch.tensor([0.3, -1.0, 1.2, 0.0, -torch.inf])
    torch.manual_seed(3)
    for temperature in (0.1, 3.0):  # it changes the gradient, not the choice
        drawn = straight_through(scores.expand(20_000, -1), temperature).mean(0)
        torch.testing.assert_close(drawn, scores.softmax(0), rtol=0, atol=0.015)


def test_noise_of_zero_gives_no_nan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tensor, "exponential_", Tensor.zero_)
    weights = straight_through(torch.randn(3, 4), 1.0)
    assert torch.equal(weights.sum(1), torch.ones(3))


def test_mix_shifts_the_nodes_right_of_the_merge() -> None:
    nodes, parents = torch.arange(5.0)[:, None], -torch.arange(1.0, 5.0)[:, None]
    here = torch.tensor([0.0, 1.0, 0.0, 0.0])[:, None]
    mixed = mix(here, here.cumsum(0), nodes[:-1], parents, nodes[1:])
    assert mixed.flatten().tolist() == [0.0, -2.0, 3.0, 4.0]


def test_transitions_follow_from_the_last_word_below_each_node() -> None:
    """Merges of ( ( a b ) ( c d ) ), right pair first; one word alone; ( ( f g ) h )."""
    ends = torch.tensor([3, 1, 6, 3, 7])
    found = "".join("SR"[transition] for transition in transitions(ends, 8).tolist())
    assert found == "SSR" + "SSRR" + "S" + "SSRSR"


def test_the_worked_example_of_the_docstrings() -> None:
    """The sentences "the old church" and "robins sing"."""
    sentences = Sentences.from_sequences(np.arange(2, 7), np.array([3, 2]))
    first, second = _levels(sentences.schedule.sequence)
    assert (first.left.tolist(), first.right) == ([0, 1, 2], slice(2, None))
    assert (first.row.tolist(), first.place.tolist()) == ([0, 1, 0], [0, 0, 1])
    assert (first.first.tolist(), first.rows) == ([0, 2], 2)
    assert (second.left.tolist(), second.right) == ([0], slice(2, None))
    assert (second.row.tolist(), second.place.tolist()) == ([0], [0])
    assert (second.first.tolist(), second.rows) == ([0], 1)
    before, after = _neighbours(sentences.lengths, torch.device("cpu"))
    assert before.tolist() == [5, 0, 1, 5, 3, 5]
    assert after.tolist() == [1, 2, 5, 4, 5, 5]
    assert transitions(torch.tensor([2, 4, 2]), 5).tolist() == [0, 0, 0, 1, 1, 0, 0, 1]
