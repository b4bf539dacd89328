"""How SPINN learns to parse: from given trees, and from rewards, against enumeration."""

import math
import random
from typing import Any

import pytest
import torch
from torch import Tensor

from spinn.batch.sentences import Sentences
from spinn.encoders.parsing_spinn import ParsingSPINN
from spinn.encoders.rl_spinn import RLSPINN
from spinn.encoders.supervised_spinn import SupervisedSPINN
from spinn.layers.embedding import WordEmbedding
from spinn.stack_machine.parser import sample
from spinn.trees.oracle import legal
from spinn.trees.transitions import every_tree, random_tree, right_branching

TAUGHT = {"train_on": "gold", "sampling_probability": 0.5, "ramp": 1, "transition_weight": 1.0}
REINFORCED = {"baseline": "average", "decay": 0.9, "policy_weight": 1.0, "entropy_weight": 0.0}


def build(kind: type[ParsingSPINN], **settings: Any) -> Any:
    words = WordEmbedding(12, size=5, projection_size=None, dropout=0.0, trained=True)
    own = TAUGHT if kind is SupervisedSPINN else REINFORCED
    return kind(words, hidden_size=4, tracker_size=3, dropout=0.0, beam=1, **(own | settings))


def random_weights(encoder: ParsingSPINN) -> None:
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


def gradients(encoder: ParsingSPINN, loss: Tensor) -> list[Tensor]:
    weights = [encoder.predict.weight, encoder.tracker.recur.weight, encoder.reduce.compose.weight]
    return list(torch.autograd.grad(loss, weights))


def test_golds_objective_is_the_mean_cross_entropy_of_free_moves() -> None:
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


def test_sentences_without_a_choice_have_no_objective() -> None:
    encoder, sentences = build(SupervisedSPINN), pack(b"\x00", b"\x00\x00\x01")
    assert encoder.auxiliary_loss(encoder(sentences), sentences, None).item() == 0


def test_off_gold_the_right_moves_are_learned() -> None:
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


def test_scheduled_moves_follow_gold_until_they_leave_it_for_good() -> None:
    encoder = build(SupervisedSPINN, train_on="scheduled", sampling_probability=0.3)
    random_weights(encoder)
    sentences = shapes()
    left = 0
    for _ in range(20):
        made = encoder.training_moves(sentences, None)
        choices = encoder.encode_along(sentences, None, made).log_probs
        own = choices.argmax(dim=1)
        for m, g, o in zip(
            *(
                values.split((2 * sentences.lengths - 1).tolist())
                for values in (made, sentences.transitions, own)
            ),
            strict=True,
        ):
            off = (m != g).nonzero()[:, 0].tolist()
            left += bool(off)
            assert all(m[step] == o[step] for step in range(*([off[0], len(m)] if off else [0])))
    assert 10 < left < 20 * len(sentences)


@pytest.mark.parametrize(("sampling_probability", "same"), [(0.0, True), (1.0, False)])
def test_scheduled_from_gold_to_predicted(sampling_probability: float, same: bool) -> None:
    encoder = build(
        SupervisedSPINN, train_on="scheduled", sampling_probability=sampling_probability, ramp=1
    )
    random_weights(encoder)
    sentences = shapes()
    made = encoder.training_moves(sentences, None)
    assert torch.equal(made, sentences.transitions) == same
    if sampling_probability == 1:
        assert torch.equal(made, encoder.eval()(sentences).transitions)


def test_the_share_of_own_moves_grows_batch_by_batch_and_is_kept() -> None:
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
def test_reinforce_climbs_the_expected_reward(baseline: str) -> None:
    encoder = build(RLSPINN, baseline=baseline)
    random_weights(encoder)
    encoder.average.fill_(-0.7)
    sentences, chances = every_parse(encoder)
    rewards = torch.randn(len(sentences))
    expected = gradients(encoder, -(chances * rewards).sum())

    found = [torch.zeros_like(g) for g in expected]
    trees = sentences.transitions.view(len(sentences), -1)
    for tree, chance, reward in zip(trees, chances.detach(), rewards, strict=True):
        encoder.average.fill_(-0.7)
        alone = Sentences.from_lists([[3, 5, 1, 7, 2]], [bytes(tree.tolist())])
        along = encoder.encode_along(alone, None, alone.transitions)
        judged = [reward[None], torch.tensor([0.3])][: 2 if baseline == "self_critical" else 1]
        loss = encoder.auxiliary_loss(along, alone, torch.stack(judged))
        for total, gradient in zip(found, gradients(encoder, loss), strict=True):
            total += chance * gradient
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=1e-12)


def test_entropy_is_that_of_the_free_moves() -> None:
    encoder = build(RLSPINN, policy_weight=0.0, entropy_weight=2.0)
    sentences = shapes()
    encoding = encoder(sentences)
    free = legal(encoding.transitions.numpy(), sentences.lengths.numpy()).all(axis=1)
    chances = encoding.log_probs.exp()[torch.from_numpy(free)]
    expected = torch.distributions.Categorical(chances).entropy().mean()
    rewards = torch.zeros(1, len(sentences))
    found = encoder.auxiliary_loss(encoding, sentences, rewards)
    torch.testing.assert_close(found, -2 * expected)
    assert all(g.isfinite().all() for g in gradients(encoder, found))


def test_the_average_of_rewards_runs() -> None:
    encoder, sentences = build(RLSPINN), shapes()
    assert math.isnan(encoder.average)
    for reward, expected in ((-2.0, -2.0), (-1.0, -1.9), (-1.0, -1.81)):
        encoding = encoder(sentences)
        loss = encoder.auxiliary_loss(encoding, sentences, torch.full((1, len(sentences)), reward))
        assert encoder.average.item() == pytest.approx(expected)
        if reward == -2.0:
            assert loss.item() == 0  # the first batch is what it is compared with


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_trials_are_the_drawn_and_the_likeliest_trees_without_dropout(dropout: float) -> None:
    encoder, sentences = build(RLSPINN, baseline="self_critical"), shapes()
    random_weights(encoder)
    encoder.dropout.p = dropout
    encoding = encoder(sentences)
    drawn, likeliest = encoding.rollouts
    assert (encoding.sentence == 0).any() == (dropout > 0)
    encoder.eval()
    along = encoder.encode_along(sentences, None, encoding.transitions)
    torch.testing.assert_close(drawn, along.sentence.detach(), rtol=0, atol=1e-12)
    torch.testing.assert_close(likeliest, encoder(sentences).sentence.detach(), rtol=0, atol=1e-12)
    assert encoder(sentences).rollouts is None
    encoder.train()
    encoder.baseline = "average"
    assert len(encoder(sentences).rollouts) == 1


def test_moves_are_drawn_from_the_words_that_they_are_made_on() -> None:
    """With dropout on words, too: else what is made likelier is not what was drawn."""
    encoder, sentences = build(RLSPINN), shapes()
    random_weights(encoder)
    encoder.embedding.dropout.p = 0.5
    words = encoder.each_word(sentences)
    drawn = encoder.parse_batch(sentences, words, sample)
    along = encoder.encode_along(sentences, words, drawn.transitions)
    torch.testing.assert_close(drawn.log_probs, along.log_probs.detach(), rtol=0, atol=1e-12)
    seen = encoder(sentences)
    torch.testing.assert_close(seen.rollouts[0], seen.sentence.detach(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", [SupervisedSPINN, RLSPINN])
@pytest.mark.parametrize("beam", [1, 3])
def test_under_autocast_moves_are_found_in_full_precision(
    kind: type[ParsingSPINN], beam: int
) -> None:
    torch.set_default_dtype(torch.float32)
    encoder = build(kind, **({"train_on": "predicted"} if kind is SupervisedSPINN else {}))
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


def test_in_evaluation_it_follows_its_own_trees_or_those_given() -> None:
    encoder, sentences = build(RLSPINN).eval(), shapes()
    random_weights(encoder)
    own = encoder(sentences)
    placeholder = pack(*(right_branching(length) for length in sentences.lengths.tolist()))
    torch.testing.assert_close(encoder(placeholder).sentence, own.sentence)
    encoder.follow = "given"
    assert encoder(sentences).transitions is None
    assert not torch.equal(encoder(sentences).sentence, own.sentence)


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
