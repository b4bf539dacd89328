"""Scheduled sampling's ramp and the self-critical baseline, against draws and sums by hand."""

import pytest
import torch

from spinn.batch.sentences import Sentences
from spinn.encoders.rl_spinn import RLSPINN
from spinn.encoders.supervised_spinn import SupervisedSPINN
from spinn.layers.embedding import WordEmbedding
from spinn.trees.transitions import REDUCE, SHIFT


def words() -> WordEmbedding:
    return WordEmbedding(12, size=5, projection_size=None, dropout=0.0, trained=True)


def test_the_share_of_predicted_transitions_grows_from_zero_over_the_ramp() -> None:
    encoder = SupervisedSPINN(
        words(), hidden_size=4, tracker_size=3, dropout=0.0, beam=1,
        train_on="scheduled", sampling_probability=0.8, ramp=5, transition_weight=1.0,
    )  # fmt: skip
    with torch.no_grad():  # it predicts SHIFT wherever that is legal
        encoder.predict.weight.zero_()
        encoder.predict.bias.copy_(torch.tensor([1.0, 0.0]))
    # ( ( a b ) c ): the one free transition is the third, and gold is REDUCE there.
    gold = bytes([SHIFT, SHIFT, REDUCE, SHIFT, REDUCE])
    sentences = Sentences.from_lists([[1, 2, 3]] * 200, [gold] * 200)
    for batch in range(1, 9):
        torch.manual_seed(batch)
        encoding = encoder(sentences)
        torch.manual_seed(batch)
        draws = [torch.rand(200) for _ in range(5)]  # one for each sentence at each step
        leaves = draws[2] < 0.8 * min(batch / 5, 1)
        assert encoding.transitions is not None
        made = encoding.transitions.view(200, 5)
        assert torch.equal(made[:, 2] == SHIFT, leaves)
        assert 0 < int(leaves.sum()) < 200


def test_the_self_critical_baseline_is_the_reward_of_the_same_sentences_greedy_tree() -> None:
    encoder = RLSPINN(
        words(), hidden_size=4, tracker_size=3, dropout=0.0, beam=1,
        baseline="self_critical", decay=0.9, policy_weight=2.0, entropy_weight=0.0,
    )  # fmt: skip
    trees = [[SHIFT, SHIFT, REDUCE, SHIFT, REDUCE], [SHIFT, SHIFT, SHIFT, REDUCE, REDUCE]]
    sentences = Sentences.from_lists([[1, 2, 3], [4, 5, 6]], [bytes(tree) for tree in trees])
    encoding = encoder.encode_along(sentences, None, sentences.transitions)
    rewards = torch.tensor([[-1.0, -2.0], [-0.5, -4.0]])  # sampled trees, greedy trees
    assert encoding.log_probs is not None
    free = encoding.log_probs.view(2, 5, 2)[:, 2]  # the one free transition of each sentence
    log_probs = torch.stack([free[0, REDUCE], free[1, SHIFT]])
    expected = -2.0 * (-0.5 * log_probs[0] + 2.0 * log_probs[1]) / 2
    found = encoder.auxiliary_loss(encoding, sentences, rewards)
    assert found.item() == pytest.approx(expected.item())
