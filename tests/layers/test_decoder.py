"""The decoder against a loop over sentences and steps; beam search against enumeration."""

from itertools import product

import pytest
import torch
from torch import Tensor, nn

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.encoders.recurrent import Recurrent
from spinn.encoders.spinn_pi import SPINNPI
from spinn.layers.decoder import Decoder
from spinn.layers.embedding import WordEmbedding

D, C = 5, 3
LENGTHS = torch.tensor([3, 1, 7, 2, 4])
TARGETS = [[2, 0], [], [1, 1, 2, 0, 1, 2], [0], [2, 2, 1]]


def make(**changes: object) -> Decoder:
    settings = {
        "size": D,
        "labels": C,
        "cell": "lstm",
        "hidden_size": 6,
        "embedding_size": 4,
        "dropout": 0.0,
    }
    decoder = Decoder(**(settings | changes))
    with torch.no_grad():  # far from uniform, so that probabilities differ clearly
        for parameter in decoder.parameters():
            parameter.copy_(torch.randn_like(parameter))
    return decoder


def encoded(lengths: Tensor = LENGTHS) -> Encoding:
    tokens = torch.randn(int(lengths.sum()), D, requires_grad=True)
    return Encoding(torch.randn(len(lengths), D, requires_grad=True), tokens=tokens)


def packed(targets: list[list[int]]) -> tuple[Tensor, Tensor]:
    symbols = [symbol for target in targets for symbol in target]
    return torch.tensor(symbols, dtype=torch.int64), torch.tensor([len(t) for t in targets])


def apart(encoding: Encoding, lengths: Tensor = LENGTHS) -> list[Encoding]:
    """Each sentence's encoding alone."""
    parts = zip(encoding.sentence, encoding.tokens.split(lengths.tolist()), strict=True)
    return [Encoding(sentence[None], tokens=tokens) for sentence, tokens in parts]


def one_step(decoder: Decoder, symbol: int, state: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Logits (C+1,) after one more symbol, and the next state, from the paper's equations."""
    cell = {nn.RNN: torch.rnn_tanh_cell, nn.GRU: torch.gru_cell, nn.LSTM: torch.lstm_cell}
    weights = [getattr(decoder.network, f"{name}_l0") for name in ("weight_ih", "weight_hh")]
    weights += [getattr(decoder.network, f"{name}_l0") for name in ("bias_ih", "bias_hh")]
    step = cell[type(decoder.network)]
    read = decoder.embedding.weight[symbol][None]
    if isinstance(decoder.network, nn.LSTM):
        state = torch.cat(step(read, (state[:1], state[1:]), *weights))
    else:
        state = step(read, state, *weights)
    h = state[0]
    scores = torch.stack([h @ (decoder.attention.score.weight @ token) for token in tokens])
    exponentials = scores.exp()
    context = sum(e / exponentials.sum() * s for e, s in zip(exponentials, tokens, strict=True))
    attentional = torch.tanh(decoder.attention.combine.weight @ torch.cat([context, h]))
    return decoder.output.weight @ attentional + decoder.output.bias, state


def first_state(decoder: Decoder, sentence: Tensor) -> Tensor:
    first = torch.tanh(decoder.initial.weight @ sentence + decoder.initial.bias)
    return first.view(-1, decoder.network.hidden_size)


def in_a_loop(decoder: Decoder, encoding: Encoding, target: list[int]) -> Tensor:
    """(T+1, C+1) logits for one sentence."""
    state = first_state(decoder, encoding.sentence[0])
    rows = []
    for symbol in [C, *target]:
        logits, state = one_step(decoder, symbol, state, encoding.tokens)
        rows.append(logits)
    return torch.stack(rows)


def total(decoder: Decoder, encoding: Encoding, target: list[int], *, ended: bool) -> float:
    """Log-probability of a sequence, with or without its END, by teacher forcing."""
    symbols, lengths = packed([target])
    tokens = torch.tensor([len(encoding.tokens)])
    scores = decoder(encoding, tokens, symbols, lengths).log_softmax(1)
    chosen = scores.gather(1, decoder.targets_with_end(symbols, lengths)[:, None])
    return (chosen if ended else chosen[:-1]).sum().item()


def everything(limit: int) -> list[tuple[list[int], bool]]:
    """All sequences that can be generated in `limit` steps, and whether END ended them."""
    short = [list(s) for length in range(limit) for s in product(range(C), repeat=length)]
    return [(s, True) for s in short] + [(list(s), False) for s in product(range(C), repeat=limit)]


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_agrees_with_a_loop_forward_and_in_every_gradient(cell: str) -> None:
    decoder, encoding = make(cell=cell), encoded()
    logits = decoder(encoding, LENGTHS, *packed(TARGETS))
    parts = zip(apart(encoding), TARGETS, strict=True)
    expected = torch.cat([in_a_loop(decoder, part, target) for part, target in parts])
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-12)

    weights = torch.randn_like(logits)
    named = dict(decoder.named_parameters())
    named |= {"tokens": encoding.tokens, "sentence": encoding.sentence}
    found = torch.autograd.grad((logits * weights).sum(), list(named.values()))
    wanted = torch.autograd.grad((expected * weights).sum(), list(named.values()))
    for name, gradient, oracle in zip(named, found, wanted, strict=True):
        assert oracle.any(), name
        torch.testing.assert_close(gradient, oracle, rtol=0, atol=1e-11, msg=name)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_gradients_are_central_differences(cell: str) -> None:
    lengths = torch.tensor([2, 1])
    decoder = make(cell=cell, labels=2, hidden_size=2, embedding_size=2)
    encoding, targets = encoded(lengths), packed([[1, 0], []])
    names = [name for name, _ in decoder.named_parameters()]

    def logits(tokens: Tensor, sentence: Tensor, *parameters: Tensor) -> Tensor:
        given = (Encoding(sentence, tokens=tokens), lengths, *targets)
        weights = dict(zip(names, parameters, strict=True))
        return torch.func.functional_call(decoder, weights, given)

    inputs = (encoding.tokens, encoding.sentence, *decoder.parameters())
    assert torch.autograd.gradcheck(logits, inputs)


def test_every_parameter_gets_a_gradient_through_an_encoder(ragged_batch: Sentences) -> None:
    words = WordEmbedding(12, size=3, projection_size=None, dropout=0.0, trained=True)
    encoder = Recurrent(
        words,
        cell="gru",
        hidden_size=D,
        layers=1,
        bidirectional=False,
        pooling="last",
        dropout=0.0,
    )
    decoder = make()
    symbols, lengths = packed([[0, 1, 2]] * len(ragged_batch))
    logits = decoder(encoder(ragged_batch), ragged_batch.lengths, symbols, lengths)
    nn.functional.cross_entropy(logits, decoder.targets_with_end(symbols, lengths)).backward()
    for name, parameter in [*encoder.named_parameters(), *decoder.named_parameters()]:
        assert parameter.grad is not None, name
        assert parameter.grad.any(), name


def test_other_sentences_change_nothing() -> None:
    decoder, encoding = make(), encoded()
    logits = decoder(encoding, LENGTHS, *packed(TARGETS)).split([len(t) + 1 for t in TARGETS])
    greedy = decoder.greedy(encoding, LENGTHS, limit=6)
    beam = decoder.beam(encoding, LENGTHS, width=3, limit=6)
    for index, part in enumerate(apart(encoding)):
        length = LENGTHS[index : index + 1]
        alone = decoder(part, length, *packed(TARGETS[index : index + 1]))
        torch.testing.assert_close(logits[index], alone, rtol=0, atol=1e-12)
        for together, single in (
            (greedy, decoder.greedy(part, length, limit=6)),
            (beam, decoder.beam(part, length, width=3, limit=6)),
        ):
            written = together.symbols.split(together.lengths.tolist())[index]
            assert torch.equal(written, single.symbols)


def test_targets_end_every_sequence() -> None:
    symbols, lengths = packed([[2, 0], [], [1], []])
    assert make().targets_with_end(symbols, lengths).tolist() == [2, 0, C, C, 1, C, C]


def test_the_probabilities_of_all_sequences_add_up_to_one() -> None:
    decoder, limit = make(), 3
    for part in apart(encoded()):
        kept = [
            (target, ended, total(decoder, part, target, ended=ended))
            for target, ended in everything(limit)
        ]
        mass = torch.tensor([score for _, _, score in kept]).exp().sum().item()
        assert mass == pytest.approx(1.0, abs=1e-12)
        finished = torch.tensor([score for _, ended, score in kept if ended]).exp().sum().item()
        assert 0 < finished < 1


def test_a_beam_over_all_sequences_finds_the_likeliest() -> None:
    for seed in range(5):
        torch.manual_seed(seed)
        decoder, encoding, limit = make(), encoded(), 3
        written = decoder.beam(encoding, LENGTHS, width=(C + 1) ** limit, limit=limit)
        found = written.symbols.split(written.lengths.tolist())
        for part, symbols in zip(apart(encoding), found, strict=True):
            best, _ = max(everything(limit), key=lambda s: total(decoder, part, s[0], ended=s[1]))
            assert symbols.tolist() == best


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_greedy_and_a_beam_of_one_take_the_likeliest_symbol_at_each_step(cell: str) -> None:
    for seed in range(5):
        torch.manual_seed(seed)
        decoder, encoding, limit = make(cell=cell), encoded(), 6
        greedy = decoder.greedy(encoding, LENGTHS, limit=limit)
        beam = decoder.beam(encoding, LENGTHS, width=1, limit=limit)
        assert torch.equal(greedy.symbols, beam.symbols)
        assert torch.equal(greedy.lengths, beam.lengths)
        expected = []
        for part in apart(encoding):
            state, symbol, target = first_state(decoder, part.sentence[0]), C, []
            while len(target) < limit:
                logits, state = one_step(decoder, symbol, state, part.tokens)
                symbol = int(logits.argmax())
                if symbol == C:
                    break
                target.append(symbol)
            expected.append(target)
        found = greedy.symbols.split(greedy.lengths.tolist())
        assert [symbols.tolist() for symbols in found] == expected


@pytest.mark.parametrize(("ending", "length"), [(-1e6, 4), (1e6, 0)])
def test_the_limit_holds_and_a_sequence_may_be_empty(ending: float, length: int) -> None:
    decoder, encoding = make(), encoded()
    with torch.no_grad():
        decoder.output.bias[C] = ending
    for written in (
        decoder.greedy(encoding, LENGTHS, limit=4),
        decoder.beam(encoding, LENGTHS, width=3, limit=4),
    ):
        assert written.lengths.tolist() == [length] * len(LENGTHS)
        assert len(written.symbols) == length * len(LENGTHS)
        assert (written.symbols < C).all()
        assert not written.symbols.requires_grad


def test_all_targets_may_be_empty() -> None:
    decoder, encoding = make(), encoded()
    logits = decoder(encoding, LENGTHS, *packed([[]] * len(LENGTHS)))
    expected = [in_a_loop(decoder, part, []) for part in apart(encoding)]
    torch.testing.assert_close(logits, torch.cat(expected), rtol=0, atol=1e-12)


def test_dropout_applies_in_training_only() -> None:
    decoder, encoding = make(dropout=0.5), encoded()
    given = (encoding, LENGTHS, *packed(TARGETS))
    assert not torch.equal(decoder(*given), decoder(*given))
    decoder.eval()
    expected = [in_a_loop(decoder, p, t) for p, t in zip(apart(encoding), TARGETS, strict=True)]
    torch.testing.assert_close(decoder(*given), torch.cat(expected), rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cell": "lsmt"}, r"cell: 'lsmt'; expected one of \('rnn', 'gru', 'lstm'\)"),
        ({"labels": 0}, "labels: 0; expected at least 1"),
    ],
)
def test_wrong_settings_are_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(**changes)


def test_counts_that_disagree_are_named() -> None:
    decoder, encoding = make(), encoded()
    symbols, lengths = packed(TARGETS)
    with pytest.raises(ValueError, match="targets: 11 rows; target_lengths add up to 12"):
        decoder(encoding, LENGTHS, symbols[1:], lengths)
    with pytest.raises(ValueError, match="target_lengths: 4 sequences for 5 sentences"):
        decoder(encoding, LENGTHS, symbols[:-3], lengths[:-1])
    with pytest.raises(ValueError, match=r"encoding.tokens: 17 rows; lengths add up to 16"):
        decoder.greedy(encoding, LENGTHS - torch.tensor([1, 0, 0, 0, 0]), limit=3)
    with pytest.raises(ValueError, match="lengths: 6 for 5 sentences"):
        decoder.greedy(encoding, torch.tensor([3, 1, 7, 2, 2, 2]), limit=3)
    with pytest.raises(ValueError, match="limit: 0; expected at least 1"):
        decoder.greedy(encoding, LENGTHS, limit=0)
    with pytest.raises(ValueError, match="limit: 0; expected at least 1"):
        decoder.beam(encoding, LENGTHS, width=2, limit=0)
    with pytest.raises(ValueError, match="width: 0; expected at least 1"):
        decoder.beam(encoding, LENGTHS, width=0, limit=3)


def test_an_encoder_without_tokens_is_named(ragged_batch: Sentences) -> None:
    words = WordEmbedding(12, size=3, projection_size=None, dropout=0.0, trained=True)
    encoding = SPINNPI(words, hidden_size=D, tracker_size=None, dropout=0.0)(ragged_batch)
    with pytest.raises(
        ValueError, match=r"encoding.tokens: None; attention needs a vector for each word"
    ):
        make().greedy(encoding, ragged_batch.lengths, limit=3)
