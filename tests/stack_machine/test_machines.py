"""The fast stack machines against the list-per-stack reference, forward and every gradient."""

import random
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.encoders.spinn_pi import SPINNPI
from spinn.layers.embedding import WordEmbedding
from spinn.layers.tracker import Tracker
from spinn.layers.tree_lstm import Reduce
from spinn.stack_machine import by_height, fused, reference

D, K = 4, 3
S, R = b"\x00", b"\x01"


class ReferenceSPINN(SPINNPI):
    def forward(self, sentences: Sentences) -> Encoding:
        h, c = self.leaf(self.embedding(sentences.words)).chunk(2, dim=1)
        sentence, nodes, tracking = reference.encode(h, c, sentences, self.reduce, self.tracker)
        return Encoding(
            sentence,
            gather_nodes=lambda: nodes,
            gather_tracking=None if tracking is None else lambda: tracking,
        )


def twins(tracker_size: int | None, dropout: float = 0.0) -> tuple[SPINNPI, SPINNPI]:
    """The fast one and the plain one, with the same weights."""
    words = WordEmbedding(12, size=5, projection_size=None, dropout=dropout, trained=True)
    fast, plain = (
        kind(words, hidden_size=D, tracker_size=tracker_size, dropout=0.0)
        for kind in (SPINNPI, ReferenceSPINN)
    )
    with torch.no_grad():
        for parameter in fast.parameters():
            parameter.copy_(torch.randn_like(parameter))
    plain.load_state_dict(fast.state_dict())
    return fast, plain


def gradients(
    encoder: SPINNPI, sentences: Sentences, outputs: tuple[str, ...]
) -> tuple[Encoding, dict[str, Tensor]]:
    """Encode, and send a gradient of its own through each of these outputs."""
    encoder.zero_grad()
    encoding = encoder(sentences)
    generator = torch.Generator().manual_seed(1)
    loss = torch.zeros(())
    for name in outputs:
        value = getattr(encoding, name)
        if value is not None:
            loss = loss + (value * torch.randn(value.shape, generator=generator)).sum()
    loss.backward()
    named = encoder.named_parameters()
    return encoding, {
        n: torch.zeros_like(p) if p.grad is None else p.grad.clone() for n, p in named
    }


@pytest.mark.parametrize("tracker_size", [None, K])
@pytest.mark.parametrize(
    "outputs", [("sentence",), ("sentence", "nodes"), ("sentence", "nodes", "tracking")]
)
@pytest.mark.parametrize("dropout", [0.0, 1e-300])  # the second: every word for itself
def test_agrees_with_the_reference_in_every_gradient(
    batch: Sentences, tracker_size: int | None, outputs: tuple[str, ...], dropout: float
) -> None:
    fast, plain = twins(tracker_size, dropout)
    encoding, found = gradients(fast, batch, outputs)
    expected_encoding, expected = gradients(plain, batch, outputs)
    torch.testing.assert_close(encoding.sentence, expected_encoding.sentence, rtol=0, atol=1e-12)
    torch.testing.assert_close(encoding.nodes, expected_encoding.nodes, rtol=0, atol=1e-12)
    assert (encoding.tracking is None) == (tracker_size is None)
    torch.testing.assert_close(encoding.tracking, expected_encoding.tracking, rtol=0, atol=1e-12)
    assert found.keys() == expected.keys()
    for name in expected:
        torch.testing.assert_close(
            found[name],
            expected[name],
            rtol=1e-10,
            atol=1e-11,
            msg=lambda text, name=name: f"{name}: {text}",
        )


@pytest.fixture
def filled_with_nan() -> Iterator[None]:
    """Memory that nobody has written holds NaN."""
    torch.use_deterministic_algorithms(True)
    assert torch.utils.deterministic.fill_uninitialized_memory
    assert torch.empty(3).isnan().all()
    yield
    torch.use_deterministic_algorithms(False)


@pytest.mark.parametrize("tracker_size", [None, K])
@pytest.mark.usefixtures("filled_with_nan")
def test_reads_no_memory_that_it_has_not_written(
    batch: Sentences, tracker_size: int | None
) -> None:
    encoding, found = gradients(twins(tracker_size)[0], batch, ("sentence", "nodes", "tracking"))
    assert encoding.nodes.isfinite().all()
    for name, gradient in found.items():
        assert gradient.isfinite().all(), name


def functions(
    sentences: Sentences, tracker_size: int | None
) -> tuple[Callable[..., Tensor], list[Tensor]]:
    """The machine as a function of words' h and c and of the weights; and values for them."""
    reduce = Reduce(D, tracker_size=tracker_size)
    tracker = None if tracker_size is None else Tracker(D, tracker_size=tracker_size)
    modules = nn.ModuleList(filter(None, (reduce, tracker)))
    names, weights = zip(*modules.named_parameters(), strict=True)
    leaves = sentences.schedule.distinct

    def run(h: Tensor, c: Tensor, *values: Tensor) -> Tensor:
        class Machine(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.modules_ = modules

            def forward(self) -> Tensor:
                if tracker is None:
                    return by_height.encode(h, c, leaves, sentences.schedule, reduce)
                nodes, states = fused.encode(h, c, leaves, sentences.schedule, reduce, tracker)
                return torch.cat([nodes.flatten(), states.flatten()])

        given = {f"modules_.{name}": value for name, value in zip(names, values, strict=True)}
        return torch.func.functional_call(Machine(), given, ())

    states = [torch.randn(len(leaves.words), D, requires_grad=True) for _ in range(2)]
    return run, [*states, *weights]


@pytest.mark.parametrize("tracker_size", [None, 2])
def test_gradcheck(tracker_size: int | None) -> None:
    trees = [S + S + S + R + R, S, S + S + R + S + S + R + R]
    words = [[1, 2, 1], [2], [3, 1, 1, 2]]
    run, values = functions(Sentences.from_lists(words, trees), tracker_size)
    assert torch.autograd.gradcheck(run, values)


@pytest.mark.parametrize("tracker_size", [None, K])
def test_inputs_may_lie_apart_in_memory_and_need_no_gradient(
    ragged_batch: Sentences, tracker_size: int | None
) -> None:
    run, (h, c, *weights) = functions(ragged_batch, tracker_size)
    expected = run(h, c, *weights)
    apart = [torch.stack([t, t], dim=-1)[..., 0].detach() for t in (h, c, *weights)]
    assert not apart[0].is_contiguous()
    assert torch.equal(run(*apart), expected)
    apart[2].requires_grad_()
    run(*apart).sum().backward()
    expected.sum().backward()
    torch.testing.assert_close(apart[2].grad, weights[0].grad, rtol=0, atol=1e-12)
    assert apart[0].grad is None


@pytest.mark.parametrize("tracker_size", [None, K])
def test_nothing_is_kept_without_gradient(
    ragged_batch: Sentences, tracker_size: int | None
) -> None:
    fast, _ = twins(tracker_size)
    expected = fast(ragged_batch).sentence
    with torch.no_grad():
        found = fast(ragged_batch).sentence
    assert found.grad_fn is None
    assert torch.equal(found, expected)


@pytest.mark.parametrize("tracker_size", [None, K])
def test_the_way_back_can_be_taken_twice_but_not_differentiated(
    ragged_batch: Sentences, tracker_size: int | None
) -> None:
    run, values = functions(ragged_batch, tracker_size)
    loss = run(*values).square().sum()
    first = torch.autograd.grad(loss, values, retain_graph=True)
    second = torch.autograd.grad(loss, values, create_graph=True)
    assert all(map(torch.equal, first, second))
    with pytest.raises(RuntimeError, match="once_differentiable"):
        second[0].sum().backward()


@pytest.mark.parametrize("tracker_size", [None, K])
def test_float32_stays_close(ragged_batch: Sentences, tracker_size: int | None) -> None:
    fast, _ = twins(tracker_size)
    expected = fast(ragged_batch).sentence
    found = fast.float()(ragged_batch).sentence
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("tracker_size", [None, K])
def test_under_autocast_products_alone_are_rounded(
    ragged_batch: Sentences, tracker_size: int | None
) -> None:
    fast = twins(tracker_size)[0].float()
    expected, expected_gradients = gradients(fast, ragged_batch, ("sentence",))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found, found_gradients = gradients(fast, ragged_batch, ("sentence",))
    assert found.sentence.dtype == torch.float32
    assert not torch.equal(found.sentence, found.sentence.bfloat16().float())  # h stays exact
    assert not torch.equal(found.sentence, expected.sentence)
    torch.testing.assert_close(found.sentence, expected.sentence, rtol=0, atol=0.1)
    for name in found_gradients:
        assert found_gradients[name].dtype == torch.float32
        scale = expected_gradients[name].abs().max().clamp(min=1)
        assert (found_gradients[name] - expected_gradients[name]).abs().max() < 0.1 * scale, name


def test_an_empty_place_is_zeros_and_not_a_word() -> None:
    """The first move of a sentence sees the buffer alone; the last sees an empty buffer."""
    fast, _ = twins(K)
    seen: list[tuple[Tensor, ...]] = []
    fast.tracker.register_forward_pre_hook(lambda _, values: seen.append(values[:3]))
    sentences = Sentences.from_lists([[5, 6]], [S + S + R])
    h, c = fast.leaf(fast.embedding(sentences.words)).chunk(2, dim=1)
    reference.encode(h, c, sentences, fast.reduce, fast.tracker)
    zeros = torch.zeros(1, D)
    expected = [(h[:1], zeros, zeros), (h[1:], zeros, h[:1]), (zeros, h[:1], h[1:])]
    for found, wanted in zip(seen, expected, strict=True):
        assert all(map(torch.equal, found, wanted))
    padding = fast(sentences).sentence
    with torch.no_grad():
        fast.embedding.table.weight[0] = 7
    assert torch.equal(fast(sentences).sentence, padding)


def test_tracker_and_reduce_must_fit() -> None:
    sentences = Sentences.from_lists([[1, 2]], [S + S + R])
    h = torch.randn(2, D)
    with pytest.raises(ValueError, match="reduce: made with tracker_size=None"):
        fused.encode(
            h,
            h,
            sentences.schedule.each,
            sentences.schedule,
            Reduce(D, tracker_size=None),
            Tracker(D, tracker_size=K),
        )


def test_deep_trees_need_no_recursion() -> None:
    length = 2000
    words = [random.Random(0).randrange(1, 12) for _ in range(length)]
    chain = Sentences.from_lists([words], [S * length + R * (length - 1)])
    for tracker_size in (None, K):
        twins(tracker_size)[0](chain).sentence.sum().backward()
