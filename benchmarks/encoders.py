"""The encoders of the benchmark, at the same width, over the same frozen table of words."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from benchmarks.sentences import VOCABULARY
from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.encoders.recurrent import Recurrent
from spinn.encoders.spinn_pi import SPINNPI
from spinn.encoders.supervised_spinn import SupervisedSPINN
from spinn.layers.embedding import WordEmbedding
from spinn.layers.tree_lstm import TreeLSTM
from spinn.stack_machine.machines import MachineName

# Encoders that must agree, given equal weights.
TWINS = {
    "spinn_pi": ("reference", "spinn_pi batched"),
    "treelstm": ("treelstm batched",),
    "lstm packed": ("lstm padded", "lstmcell loop"),
}


class PaddedLSTM(nn.Module):
    """`nn.LSTM` over a padded batch."""

    def __init__(self, embedding: WordEmbedding, size: int) -> None:
        super().__init__()
        self.embedding = embedding
        self.network = nn.LSTM(embedding.size, size)

    def forward(self, sentences: Sentences) -> Encoding:
        """Encode a batch."""
        lengths = sentences.lengths.to(sentences.words.device)
        steps = torch.arange(int(sentences.lengths.max()), device=lengths.device)
        padded = sentences.words.new_zeros(len(lengths), len(steps))
        padded[steps < lengths[:, None]] = sentences.words
        outputs, _ = self.network(self.embedding(padded.t()))  # (T, B, D)
        return Encoding(outputs[lengths - 1, torch.arange(len(lengths), device=lengths.device)])


class LoopedLSTM(nn.Module):
    """`nn.LSTMCell` step by step, over all sentences that still have a word."""

    def __init__(self, embedding: WordEmbedding, size: int) -> None:
        super().__init__()
        self.embedding = embedding
        self.cell = nn.LSTMCell(embedding.size, size)

    def forward(self, sentences: Sentences) -> Encoding:
        """Encode a batch."""
        sequence = sentences.schedule.sequence
        words = self.embedding(sentences.words).index_select(0, sequence.words)
        h = c = words.new_zeros(len(sentences), self.cell.hidden_size)
        ended: list[Tensor] = []
        for word in torch.split(words, list(sequence.live)):
            ended.append(h[len(word) :])
            h, c = self.cell(word, (h[: len(word)], c[: len(word)]))
        rows = torch.cat([h, *reversed(ended)])
        return Encoding(torch.empty_like(rows).index_copy(0, sequence.rows, rows))


class Bound(nn.Module):
    """An upper bound on speed: all nodes at once, as if none depended on another.

    A TreeLSTM that multiplies every child's vector cannot be faster. One that computes equal words
    once has less to do, but must wait for the nodes below.
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        self.reduce = TreeLSTM(size, tracker_size=None)
        self.register_buffer("inputs", torch.empty(0, 4 * size), persistent=False)
        self.inputs: Tensor

    def forward(self, sentences: Sentences) -> Encoding:
        """Compose as many nodes as the batch has, from random children."""
        nodes, D = len(sentences.schedule.levels.nodes), self.reduce.hidden_size
        if len(self.inputs) < nodes:  # in the warm-up
            self.inputs = torch.randn(nodes, 4 * D, device=self.inputs.device)
        h, cells = torch.split(self.inputs[:nodes], 2 * D, dim=1)
        h, cells = h.detach().requires_grad_(), cells.detach().requires_grad_()
        gates = self.reduce.compose(h)  # (I, 5D)
        g, (i, f_left, f_right, o) = gates[:, :D].tanh(), gates[:, D:].sigmoid().chunk(4, dim=1)
        c_left, c_right = cells.chunk(2, dim=1)
        c = i * g + f_left * c_left + f_right * c_right
        return Encoding(o * torch.tanh(c))


def _tree(machine: MachineName, tracked: bool) -> Callable[[WordEmbedding, int, int], nn.Module]:
    def build(words: WordEmbedding, size: int, tracker_size: int) -> nn.Module:
        K = tracker_size if tracked else None
        return SPINNPI(words, hidden_size=size, tracker_size=K, dropout=0.0, machine=machine)

    return build


def _parsing(words: WordEmbedding, size: int, tracker_size: int) -> nn.Module:
    """SPINN along predicted trees, as in evaluation, with a gradient too."""
    encoder = SupervisedSPINN(
        words,
        hidden_size=size,
        tracker_size=tracker_size,
        dropout=0.0,
        beam=1,
        train_on="predicted",
        sampling_probability=1.0,
        ramp=1,
        transition_weight=0.0,
    )
    return encoder.eval()


def _packed(words: WordEmbedding, size: int, tracker_size: int) -> nn.Module:
    return Recurrent(
        words,
        cell="lstm",
        hidden_size=size,
        layers=1,
        bidirectional=False,
        pooling="last",
        dropout=0.0,
    )


ENCODERS: dict[str, Callable[[WordEmbedding, int, int], nn.Module]] = {
    "reference": _tree("reference", tracked=True),
    "spinn_pi batched": _tree("batched", tracked=True),
    "spinn_pi": _tree("fused", tracked=True),
    "spinn": _parsing,
    "treelstm batched": _tree("batched", tracked=False),
    "treelstm": _tree("fused", tracked=False),
    "lstm packed": _packed,
    "lstm padded": lambda words, size, _: PaddedLSTM(words, size),
    "lstmcell loop": lambda words, size, _: LoopedLSTM(words, size),
    "bound": lambda _, size, __: Bound(size),
}


def build(
    names: tuple[str, ...], size: int, tracker_size: int, seed: int = 0
) -> dict[str, nn.Module]:
    """Build encoders; twins get the same weights."""
    torch.manual_seed(seed)
    words = WordEmbedding(VOCABULARY, size=size, projection_size=None, dropout=0.0, trained=False)
    encoders = {}
    for name in names:
        torch.manual_seed(seed)
        encoders[name] = ENCODERS[name](words, size, tracker_size)
    return encoders


def check_agreement(encoders: dict[str, nn.Module], sentences: Sentences, tolerance: float) -> None:
    """Compare twins in sentence vectors and every gradient.

    Raises: AssertionError: naming two encoders that differ.
    """
    for name, twins in TWINS.items():
        expected = _results(encoders[name], sentences)
        for twin in twins:
            for one, other in zip(_results(encoders[twin], sentences), expected, strict=True):
                torch.testing.assert_close(
                    one,
                    other,
                    rtol=tolerance,
                    atol=tolerance,
                    msg=partial("{} differs from {}: {}".format, twin, name),
                )


def _results(encoder: nn.Module, sentences: Sentences) -> list[Tensor]:
    vectors = encoder(sentences).sentence
    trained = [weight for weight in encoder.parameters() if weight.requires_grad]
    return [vectors, *torch.autograd.grad(vectors.square().sum(), trained)]
