"""The three stack machines, and which one an encoder runs."""

from typing import Literal, Protocol, get_args

from torch import Tensor

from spinn.batch.encoding import Encoding
from spinn.batch.schedule import Leaves
from spinn.batch.sentences import Sentences
from spinn.layers.composition import Composition, State
from spinn.layers.tracker import Tracker
from spinn.layers.tree_lstm import TreeLSTM
from spinn.stack_machine import batched, fused, reference

MachineName = Literal["auto", "reference", "batched", "fused"]


class StackMachine(Protocol):
    """Runs a batch along its transitions; see `reference.encode` for arguments and result."""

    def __call__(
        self,
        state: State,
        leaves: Leaves[Tensor],
        sentences: Sentences,
        composition: Composition,
        tracker: Tracker | None,
    ) -> Encoding:
        """Encode a batch."""


def choose(machine: MachineName, composition: Composition) -> StackMachine:
    """Return the machine for a composition.

    Args:
        machine: `reference`, Python lists, one transition at a time; `batched`, plain autograd;
            `fused`, a backward pass written by hand, for TreeLSTM; `auto`, `fused` where it exists
            and else `batched`.

    Raises: ValueError: if the name is unknown, or `fused` does not exist for the composition.
    """
    fusable = isinstance(composition, TreeLSTM)
    if machine not in get_args(MachineName):
        raise ValueError(f"machine: {machine!r}; expected one of {get_args(MachineName)}")
    if machine == "fused" and not fusable:
        raise ValueError(
            f"machine: fused computes TreeLSTM alone, and the composition is "
            f"{type(composition).__name__}; choose model.machine=batched or auto, or "
            "model/composition=treelstm"
        )
    if machine == "reference":
        return reference.encode
    if machine == "fused" or (machine == "auto" and fusable):
        return fused.encode
    return batched.encode
