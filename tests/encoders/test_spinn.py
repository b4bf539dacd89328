"""How SPINN learns to parse: from gold trees, and from rewards, against enumeration."""

import math
import random
from typing import Any

import pytest
import torch
from torch import Tensor

from spinn.batch.sentences import Sentences
from spinn.encoders.rl_spinn import RLSPINN
from spinn.encoders.spinn import SPINN
from spinn.encoders.supervised_spinn import SupervisedSPINN
from spinn.layers.composition import Composition, CompositionSpec
from spinn.layers.embedding import WordEmbedding
from spinn.layers.grc import GRC
from spinn.layers.leaves import embed_words
from spinn.layers.tree_lstm import TreeLSTM
from spinn.layers.tree_rnn import TreeRNN
from spinn.stack_machine.parser import sample
from spinn.trees.oracle import legal
from spinn.trees.transitions import every_tree, random_tree, right_branching

SUPERVISED = {"train_on": "gold", "sampling_probability": 0.5, "ramp": 1, "transition_weight": 1.0}
REINFORCED = {"baseline": "average", "decay": 0.9, "policy_weight": 1.0, "entropy_weight": 0.0}


def build(kind: type[SPINN], **settings: Any) -> Any:
    words = WordEmbedding(12, size=5, projection_size=None, dropout=0.0, trained=True)
    defaults = SUPERVISED if kind is SupervisedSPINN else REINFORCED
    return kind(words, hidden_size=4, tracker_size=3, dropout=0.0, beam=1, **(defaults | settings))


def random_weights(encoder: SPINN) -> None:
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.copy_(torch.randn_like(parameter))


def pack(*trees: bytes) -> Sentences:
    rng = random.Random(0)
    words = [[rng.randrange(1, 12) for _ in range((len(tree) + 1) // 2)] for tree in trees]
    return Sentences.from_lists(words, list(trees))


def shapes() -> Sentences:
    rng = random.Random(1)
    return pack(*(random_tree(length, rng) for length in (6, 1, 9, 2, 12, 12, 7)))


def gradients(encoder: SPINN, loss: Tensor) -> list[Tensor]:
    weights = [encoder.predict.weight, encoder.tracker.recur.weight, encoder.reduce.compose.weight]
    return list(torch.autograd.grad(loss, weights))


def test_the_loss_along_gold_is_the_mean_cross_entropy_of_free_transitions() -> None:
    encoder, sentences = build(SupervisedSPINN, transition_weight=3.9), shapes()
    encoding = encoder(sentences)
    free = torch.from_numpy(
        legal(sentences.transitions.numpy(), sentences.lengths.numpy()).all(axis=1)
    )
    scores = encoder.predict(encoding.tracking)[free]
    gold = sentences.transitions.long()[free]
    expected = 3.9 * torch.nn.functional.cross_entropy(scores, gold)
    found = encoder.auxiliary_loss(encoding, sentences, None)
    torch.testing.assert_close(found, expected)
    assert all(g.abs().sum() > 0 for g in gradients(encoder, found))


def test_sentences_without_a_choice_have_no_loss() -> None:
    encoder, sentences = build(SupervisedSPINN), pack(b"\x00", b"\x00\x00\x01")
    assert encoder.auxiliary_loss(encoder(sentences), sentences, None).item() == 0


def test_off_gold_the_oracle_transitions_are_learned() -> None:
    encoder = build(SupervisedSPINN, train_on="predicted")
    random_weights(encoder)
    gold = pack(*every_tree(5))
    encoding = encoder(gold)
    assert not torch.equal(encoding.transitions, gold.transitions)
    optimizer = torch.optim.Adam(encoder.parameters(), lr=0.05)
    sentences = pack(*(list(every_tree(5))[:1] * 3), *every_tree(3))
    for _ in range(150):
        optimizer.zero_grad()
        encoding = encoder(sentences)
        encoder.auxiliary_loss(encoding, sentences, None).backward()
        optimizer.step()
    assert torch.equal(encoder.eval()(sentences).transitions, sentences.transitions)


def test_scheduled_sampling_follows_gold_until_it_leaves_it_for_good() -> None:
    encoder = build(SupervisedSPINN, train_on="scheduled", sampling_probability=0.3)
    random_weights(encoder)
    sentences = shapes()
    left = 0
    for _ in range(20):
        made = encoder.training_transitions(sentences, None)
        log_probs = encoder.encode_along(sentences, None, made).log_probs
        predicted = log_probs.argmax(dim=1)
        for m, g, p in zip(
            *(
                values.split((2 * sentences.lengths - 1).tolist())
                for values in (made, sentences.transitions, predicted)
            ),
            strict=True,
        ):
            off = (m != g).nonzero()[:, 0].tolist()
            left += bool(off)
            assert all(m[step] == p[step] for step in range(*([off[0], len(m)] if off else [0])))
    assert 10 < left < 20 * len(sentences)


@pytest.mark.parametrize(("sampling_probability", "same"), [(0.0, True), (1.0, False)])
def test_scheduled_from_gold_to_predicted(sampling_probability: float, same: bool) -> None:
    encoder = build(
        SupervisedSPINN, train_on="scheduled", sampling_probability=sampling_probability, ramp=1
    )
    random_weights(encoder)
    sentences = shapes()
    made = encoder.training_transitions(sentences, None)
    assert torch.equal(made, sentences.transitions) == same
    if sampling_probability == 1:
        assert torch.equal(made, encoder.eval()(sentences).transitions)


def test_the_ramp_counts_batches_and_is_saved() -> None:
    encoder = build(SupervisedSPINN, train_on="scheduled", sampling_probability=1.0, ramp=4)
    for _ in range(3):
        encoder(shapes())
    again = build(SupervisedSPINN, train_on="scheduled", sampling_probability=1.0, ramp=4)
    again.load_state_dict(encoder.state_dict())
    assert int(again.batches) == 3


def every_parse(encoder: RLSPINN) -> tuple[Sentences, Tensor]:
    """The same words along every tree, and the probability of each tree."""
    trees = list(every_tree(5))
    sentences = Sentences.from_lists([[3, 5, 1, 7, 2]] * len(trees), trees)
    encoding = encoder.encode_along(sentences, None, sentences.transitions)
    chosen = encoding.log_probs.gather(1, sentences.transitions.long()[:, None])
    return sentences, chosen.view(len(trees), -1).sum(dim=1).exp()


@pytest.mark.parametrize("baseline", ["average", "self_critical"])
def test_reinforce_has_the_gradient_of_the_expected_reward(baseline: str) -> None:
    encoder = build(RLSPINN, baseline=baseline)
    random_weights(encoder)
    encoder.average.fill_(-0.7)
    sentences, probabilities = every_parse(encoder)
    rewards = torch.randn(len(sentences))
    expected = gradients(encoder, -(probabilities * rewards).sum())

    found = [torch.zeros_like(g) for g in expected]
    trees = sentences.transitions.view(len(sentences), -1)
    for tree, probability, reward in zip(trees, probabilities.detach(), rewards, strict=True):
        encoder.average.fill_(-0.7)
        alone = Sentences.from_lists([[3, 5, 1, 7, 2]], [bytes(tree.tolist())])
        along = encoder.encode_along(alone, None, alone.transitions)
        rewards_of_tree = [reward[None], torch.tensor([0.3])][
            : 2 if baseline == "self_critical" else 1
        ]
        loss = encoder.auxiliary_loss(along, alone, torch.stack(rewards_of_tree))
        for total, gradient in zip(found, gradients(encoder, loss), strict=True):
            total += probability * gradient
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


def test_the_entropy_is_that_of_the_free_transitions() -> None:
    encoder = build(RLSPINN, policy_weight=0.0, entropy_weight=2.0)
    sentences = shapes()
    encoding = encoder(sentences)
    free = legal(encoding.transitions.numpy(), sentences.lengths.numpy()).all(axis=1)
    probabilities = encoding.log_probs.exp()[torch.from_numpy(free)]
    expected = torch.distributions.Categorical(probabilities).entropy().mean()
    rewards = torch.zeros(1, len(sentences))
    found = encoder.auxiliary_loss(encoding, sentences, rewards)
    torch.testing.assert_close(found, -2 * expected)
    assert all(g.isfinite().all() for g in gradients(encoder, found))


def test_the_baseline_is_a_running_average_of_rewards() -> None:
    encoder, sentences = build(RLSPINN), shapes()
    assert math.isnan(encoder.average)
    for reward, expected in ((-2.0, -2.0), (-1.0, -1.9), (-1.0, -1.81)):
        encoding = encoder(sentences)
        loss = encoder.auxiliary_loss(encoding, sentences, torch.full((1, len(sentences)), reward))
        assert encoder.average.item() == pytest.approx(expected)
        if reward == -2.0:
            assert loss.item() == 0  # the first batch is its own baseline


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_rollouts_are_the_sampled_and_the_greedy_trees_without_dropout(dropout: float) -> None:
    encoder, sentences = build(RLSPINN, baseline="self_critical"), shapes()
    random_weights(encoder)
    encoder.dropout.p = dropout
    encoding = encoder(sentences)
    sampled, greedy = encoding.rollouts
    assert (encoding.sentence == 0).any() == (dropout > 0)
    encoder.eval()
    along = encoder.encode_along(sentences, None, encoding.transitions)
    torch.testing.assert_close(sampled, along.sentence.detach(), rtol=0, atol=1e-12)
    torch.testing.assert_close(greedy, encoder(sentences).sentence.detach(), rtol=0, atol=1e-12)
    assert encoder(sentences).rollouts is None
    encoder.train()
    encoder.baseline = "average"
    assert len(encoder(sentences).rollouts) == 1


def test_transitions_are_sampled_and_followed_with_the_same_dropout_on_words() -> None:
    """Else REINFORCE would change the probability of other transitions than the sampled ones."""
    encoder, sentences = build(RLSPINN), shapes()
    random_weights(encoder)
    encoder.embedding.dropout.p = 0.5
    words = embed_words(encoder.embedding, sentences)
    sampled = encoder.parse_batch(sentences, words, sample)
    along = encoder.encode_along(sentences, words, sampled.transitions)
    torch.testing.assert_close(sampled.log_probs, along.log_probs.detach(), rtol=0, atol=1e-12)
    encoding = encoder(sentences)
    torch.testing.assert_close(encoding.rollouts[0], encoding.sentence.detach(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", [SupervisedSPINN, RLSPINN])
@pytest.mark.parametrize("beam", [1, 3])
@pytest.mark.parametrize(
    ("machine", "composition"),
    [
        ("fused", TreeLSTM),
        ("batched", TreeLSTM),
        ("reference", TreeLSTM),
        ("batched", TreeRNN),
        ("reference", TreeRNN),
        ("batched", GRC),
    ],
)
def test_under_autocast_transitions_are_predicted_in_full_precision(
    kind: type[SPINN], beam: int, machine: str, composition: type[Composition]
) -> None:
    torch.set_default_dtype(torch.float32)
    sizes = {"cell_size": 8} if composition is GRC else {}
    settings = {"machine": machine, "composition": CompositionSpec(composition, sizes)}
    encoder = build(kind, **settings, **({"train_on": "gold"} if kind is SupervisedSPINN else {}))
    encoder.beam = beam
    for sentences in (shapes(), pack(b"\x00")):
        rewards = torch.zeros(1, len(sentences))
        with torch.autocast("cpu", dtype=torch.bfloat16):
            encoding = encoder.train()(sentences)
            loss = encoding.sentence.sum() + encoder.auxiliary_loss(encoding, sentences, rewards)
            with torch.no_grad():
                found = encoder.eval()(sentences)
        loss.backward()
        assert encoding.log_probs.dtype == found.log_probs.dtype == torch.float32
        assert all(p.grad is None or p.grad.isfinite().all() for p in encoder.parameters())


def test_in_evaluation_it_follows_predicted_or_given_trees() -> None:
    encoder, sentences = build(RLSPINN).eval(), shapes()
    random_weights(encoder)
    predicted = encoder(sentences)
    right = pack(*(right_branching(length) for length in sentences.lengths.tolist()))
    torch.testing.assert_close(encoder(right).sentence, predicted.sentence)
    encoder.follow_given = True
    assert encoder(sentences).transitions is None
    assert not torch.equal(encoder(sentences).sentence, predicted.sentence)


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (
            SupervisedSPINN,
            {"sampling_probability": 1.5},
            "sampling_probability is 1.5; expected a probability, 0 to 1",
        ),
        (SupervisedSPINN, {"ramp": 0}, "ramp is 0; expected 1 batch or more"),
        (RLSPINN, {"decay": 1.0}, "decay is 1.0; expected 0 or more, and less than 1"),
    ],
)
def test_settings_out_of_range(kind: type, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(kind, **settings)
