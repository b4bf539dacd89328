"""The stack machines against the reference, in every output and every gradient."""

import random
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, nn

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.encoders.spinn_pi import SPINNPI
from spinn.layers.composition import Composition, CompositionSpec
from spinn.layers.embedding import WordEmbedding
from spinn.layers.grc import GRC
from spinn.layers.tracker import Tracker
from spinn.layers.tree_lstm import TREE_LSTM, TreeLSTM
from spinn.layers.tree_rnn import TreeRNN
from spinn.stack_machine import batched, fused, fused_reduce, machines, reference

D, K = 4, 3
S, R = b"\x00", b"\x01"
COMPOSITIONS = {
    "treelstm": TREE_LSTM,
    "treernn": CompositionSpec(TreeRNN),
    "grc": CompositionSpec(GRC, {"cell_size": 3}),
}
# Every pair of a machine and a composition that exists, except the reference itself.
PAIRS = [("fused", "treelstm"), *(("batched", name) for name in COMPOSITIONS)]
TRACKED = pytest.mark.parametrize("tracker_size", [None, K])


def build(
    machine: str,
    tracker_size: int | None,
    *,
    composition: str = "treelstm",
    dropout: float = 0.0,
    hidden_size: int = D,
) -> SPINNPI:
    words = WordEmbedding(12, size=5, projection_size=None, dropout=dropout, trained=True)
    return SPINNPI(
        words,
        hidden_size=hidden_size,
        tracker_size=tracker_size,
        dropout=0.0,
        composition=COMPOSITIONS[composition],
        machine=machine,
    )


def with_random_weights(encoder: SPINNPI) -> SPINNPI:
    with torch.no_grad():
        for parameter in encoder.parameters():
            parameter.copy_(torch.randn_like(parameter))
    return encoder


def gradients(
    encoder: SPINNPI, sentences: Sentences, outputs: tuple[str, ...]
) -> tuple[Encoding, dict[str, Tensor]]:
    """Encode, and backpropagate a different gradient through each of these outputs."""
    encoder.zero_grad()
    encoding = encoder(sentences)
    generator = torch.Generator().manual_seed(1)
    loss = torch.zeros(())
    for name in outputs:
        value = getattr(encoding, name)
        if value is not None:
            loss = loss + (value * torch.randn(value.shape, generator=generator)).sum()
    loss.backward()
    return encoding, {
        name: torch.zeros_like(p) if p.grad is None else p.grad.clone()
        for name, p in encoder.named_parameters()
    }


@pytest.mark.parametrize(
    ("machine", "composition", "outputs"),
    [
        # The fused backward pass skips what has no gradient, so each set of outputs is tested.
        ("fused", "treelstm", ("sentence",)),
        ("fused", "treelstm", ("sentence", "nodes")),
        *(
            (machine, composition, ("sentence", "nodes", "tracking"))
            for machine, composition in PAIRS
        ),
    ],
)
@TRACKED
@pytest.mark.parametrize("dropout", [0.0, 1e-300])  # the second: equal words are not shared
def test_a_machine_agrees_with_the_reference_in_every_gradient(
    batch: Sentences,
    machine: str,
    composition: str,
    tracker_size: int | None,
    outputs: tuple[str, ...],
    dropout: float,
) -> None:
    encoder = build(machine, tracker_size, composition=composition, dropout=dropout)
    plain = build("reference", tracker_size, composition=composition, dropout=dropout)
    plain.load_state_dict(with_random_weights(encoder).state_dict())
    encoding, found = gradients(encoder, batch, outputs)
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


@pytest.mark.parametrize(("machine", "composition"), PAIRS)
@pytest.mark.parametrize(("hidden_size", "tracker_size"), [(1, 1), (1, 7), (7, 1), (5, None)])
def test_odd_sizes_agree(
    ragged_batch: Sentences,
    machine: str,
    composition: str,
    hidden_size: int,
    tracker_size: int | None,
) -> None:
    encoder, plain = (
        build(name, tracker_size, composition=composition, hidden_size=hidden_size)
        for name in (machine, "reference")
    )
    plain.load_state_dict(with_random_weights(encoder).state_dict())
    outputs = ("sentence", "nodes", "tracking")
    _, found = gradients(encoder, ragged_batch, outputs)
    _, expected = gradients(plain, ragged_batch, outputs)
    for name in expected:
        # With D = 1 layer norm has no output but its shift, and rounding alone decides the rest.
        near = 1e-4 if composition == "grc" and hidden_size == 1 else 1e-10
        torch.testing.assert_close(found[name], expected[name], rtol=near, atol=near, msg=name)


@pytest.mark.parametrize("composition", COMPOSITIONS)
def test_auto_is_fused_for_a_treelstm_and_batched_for_others(composition: str) -> None:
    module = COMPOSITIONS[composition].build(D, None)
    expected = fused.encode if composition == "treelstm" else batched.encode
    assert machines.choose("auto", module) is expected
    assert machines.choose("batched", module) is batched.encode
    assert machines.choose("reference", module) is reference.encode


@pytest.mark.parametrize(
    ("machine", "composition", "message"),
    [
        (
            "fused",
            "grc",
            "machine: fused computes TreeLSTM alone, and the composition is GRC; "
            "choose model.machine=batched or auto, or model/composition=treelstm",
        ),
        ("thin", "treelstm", "machine: 'thin'; expected one of"),
    ],
)
def test_an_impossible_machine_is_named(machine: str, composition: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(machine, None, composition=composition)


@pytest.fixture
def filled_with_nan() -> Iterator[None]:
    """Memory that has not been written holds NaN."""
    torch.use_deterministic_algorithms(True)
    assert torch.utils.deterministic.fill_uninitialized_memory
    assert torch.empty(3).isnan().all()
    yield
    torch.use_deterministic_algorithms(False)


@TRACKED
@pytest.mark.usefixtures("filled_with_nan")
def test_reads_no_memory_that_it_has_not_written(
    batch: Sentences, tracker_size: int | None
) -> None:
    encoder = with_random_weights(build("fused", tracker_size))
    encoding, found = gradients(encoder, batch, ("sentence", "nodes", "tracking"))
    assert encoding.nodes.isfinite().all()
    for name, gradient in found.items():
        assert gradient.isfinite().all(), name


def functions(
    sentences: Sentences, tracker_size: int | None
) -> tuple[Callable[..., Tensor], list[Tensor]]:
    """The machine as a function of the leaves' h and c and of the weights; and values for them."""
    composition = TreeLSTM(D, tracker_size=tracker_size)
    tracker = None if tracker_size is None else Tracker(D, tracker_size=tracker_size)
    modules = nn.ModuleList(filter(None, (composition, tracker)))
    names, weights = zip(*modules.named_parameters(), strict=True)
    leaves = sentences.schedule.distinct

    def run(h: Tensor, c: Tensor, *values: Tensor) -> Tensor:
        class Machine(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.modules_ = modules

            def forward(self) -> Tensor:
                given = h, c, leaves, sentences.schedule, composition
                if tracker is None:
                    return fused.encode_by_height(*given)
                nodes, states = fused.encode_by_step(*given, tracker)
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


@TRACKED
def test_inputs_may_be_strided_and_need_no_gradient(
    ragged_batch: Sentences, tracker_size: int | None
) -> None:
    run, (h, c, *weights) = functions(ragged_batch, tracker_size)
    expected = run(h, c, *weights)
    strided = [torch.stack([t, t], dim=-1)[..., 0].detach() for t in (h, c, *weights)]
    assert not strided[0].is_contiguous()
    assert torch.equal(run(*strided), expected)
    strided[2].requires_grad_()
    run(*strided).sum().backward()
    expected.sum().backward()
    torch.testing.assert_close(strided[2].grad, weights[0].grad, rtol=0, atol=1e-12)
    assert strided[0].grad is None


@TRACKED
def test_no_activation_is_saved_without_gradient(
    ragged_batch: Sentences, tracker_size: int | None
) -> None:
    encoder = with_random_weights(build("fused", tracker_size))
    expected = encoder(ragged_batch).sentence
    with torch.no_grad():
        found = encoder(ragged_batch).sentence
    assert found.grad_fn is None
    assert torch.equal(found, expected)


@TRACKED
def test_backward_runs_twice_but_has_no_second_derivative(
    ragged_batch: Sentences, tracker_size: int | None
) -> None:
    run, values = functions(ragged_batch, tracker_size)
    loss = run(*values).square().sum()
    first = torch.autograd.grad(loss, values, retain_graph=True)
    second = torch.autograd.grad(loss, values, create_graph=True)
    assert all(map(torch.equal, first, second))
    with pytest.raises(RuntimeError, match="once_differentiable"):
        second[0].sum().backward()


@pytest.mark.parametrize("machine", ["fused", "batched"])
@TRACKED
def test_float32_is_close_to_float64(
    ragged_batch: Sentences, machine: str, tracker_size: int | None
) -> None:
    encoder = with_random_weights(build(machine, tracker_size))
    expected = encoder(ragged_batch).sentence
    found = encoder.float()(ragged_batch).sentence
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-5)


@TRACKED
def test_under_autocast_only_products_are_rounded(
    ragged_batch: Sentences, tracker_size: int | None
) -> None:
    encoder = with_random_weights(build("fused", tracker_size)).float()
    expected, expected_gradients = gradients(encoder, ragged_batch, ("sentence",))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found, found_gradients = gradients(encoder, ragged_batch, ("sentence",))
    assert found.sentence.dtype == torch.float32
    assert not torch.equal(found.sentence, found.sentence.bfloat16().float())  # h stays exact
    assert not torch.equal(found.sentence, expected.sentence)
    torch.testing.assert_close(found.sentence, expected.sentence, rtol=0, atol=0.1)
    for name in found_gradients:
        assert found_gradients[name].dtype == torch.float32
        scale = expected_gradients[name].abs().max().clamp(min=1)
        assert (found_gradients[name] - expected_gradients[name]).abs().max() < 0.1 * scale, name


@pytest.mark.parametrize("composition", COMPOSITIONS)
@TRACKED
def test_batched_runs_under_autocast(
    ragged_batch: Sentences, composition: str, tracker_size: int | None
) -> None:
    encoder = build("batched", tracker_size, composition=composition).float()
    expected, _ = gradients(encoder, ragged_batch, ("sentence",))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found, found_gradients = gradients(encoder, ragged_batch, ("sentence", "nodes"))
    torch.testing.assert_close(found.sentence.float(), expected.sentence, rtol=0, atol=0.1)
    assert all(gradient.isfinite().all() for gradient in found_gradients.values())


@pytest.mark.parametrize("machine", ["reference", "batched", "fused"])
def test_an_empty_place_is_zeros_and_not_a_word(machine: str) -> None:
    """The first transition sees the buffer alone; the last sees an empty buffer."""
    encoder = with_random_weights(build(machine, K))
    sentences = Sentences.from_lists([[5, 6]], [S + S + R])
    h = encoder.leaf(encoder.embedding(sentences.words)).chunk(2, dim=1)[0]
    zeros = torch.zeros(1, D)
    state = (torch.zeros(1, K), torch.zeros(1, K))
    visible = [(h[:1], zeros, zeros), (h[1:], zeros, h[:1]), (zeros, h[:1], h[1:])]
    for tracking, places in zip(encoder(sentences).tracking, visible, strict=True):
        state = encoder.tracker(*places, state)
        torch.testing.assert_close(tracking, state[0][0], rtol=0, atol=1e-12)
    expected = encoder(sentences).sentence
    with torch.no_grad():
        encoder.embedding.table.weight[0] = 7
    assert torch.equal(encoder(sentences).sentence, expected)


def test_fused_names_a_composition_that_does_not_fit() -> None:
    sentences = Sentences.from_lists([[1, 2]], [S + S + R])
    h, leaves, tracker = torch.randn(2, D), sentences.schedule.each, Tracker(D, tracker_size=K)

    def run(composition: Composition) -> None:
        fused.encode((h, h), leaves, sentences, composition, tracker)

    with pytest.raises(ValueError, match="composition: made with tracker_size=None"):
        run(TreeLSTM(D, tracker_size=None))
    with pytest.raises(ValueError, match="composition: TreeRNN; fused computes TreeLSTM alone"):
        run(TreeRNN(D, tracker_size=K))


@pytest.mark.parametrize("machine", ["fused", "batched"])
@TRACKED
def test_deep_trees_need_no_recursion(machine: str, tracker_size: int | None) -> None:
    length = 2000
    words = [random.Random(0).randrange(1, 12) for _ in range(length)]
    chain = Sentences.from_lists([words], [S * length + R * (length - 1)])
    build(machine, tracker_size)(chain).sentence.sum().backward()


def test_the_worked_example_of_fused_reduce() -> None:
    words = [[2, 3, 4], [5, 6]]  # ( the ( old church ) ) and ( robins sing )
    schedule = Sentences.from_lists(words, [S + S + S + R + R, S + S + R]).schedule
    rows = fused_reduce._children(schedule.each, schedule.levels)
    assert rows.view(-1, 2).tolist() == [[1, 3], [2, 4], [0, 5]]
    assert schedule.each.words.tolist() == [0, 1, 3, 2, 4]
    assert schedule.levels.rights.tolist() == [0]
    assert schedule.steps.rights.tolist() == [1]
    assert schedule.tracking.reduces.tolist()[1] == 6
    assert schedule.tracking.tops.tolist()[1] == 7


def test_the_worked_example_of_batched() -> None:
    words = [[2, 3, 4], [5, 6]]
    schedule = Sentences.from_lists(words, [S + S + S + R + R, S + S + R]).schedule
    assert batched.children(schedule.levels).tolist() == [[1, 2], [3, 4], [0, 6]]
    assert batched.visible(schedule).tolist() == [
        [0, 5, 5], [3, 5, 5], [1, 5, 0], [4, 5, 3], [2, 0, 1], [5, 3, 4], [5, 1, 2], [5, 0, 7],
    ]  # fmt: skip
