"""SPINN-PI: SPINN along given parses; without its Tracker it is a TreeLSTM."""

from dataclasses import replace
from typing import ClassVar, Literal

from torch import nn

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences
from spinn.encoders.encoder import Encoder
from spinn.layers.composition import CompositionSpec
from spinn.layers.embedding import Embedding
from spinn.layers.leaves import embed_words, leaf_states, linear_leaf
from spinn.layers.tracker import Tracker
from spinn.layers.tree_lstm import TREE_LSTM
from spinn.stack_machine.machines import MachineName, choose


class SPINNPI(Encoder):
    """Compose each sentence along its given parse: SPINN-PI of Bowman et al. 2016.

    arXiv:1603.06021, section 3. The stack machine shifts words and reduces the two topmost entries
    of its stack; the last entry left is the sentence. Without a Tracker this is the paper's
    SPINN-PI-NT, a TreeLSTM (Tai et al. 2015) if that is the composition.

    Args:
        embedding: words to vectors; a linear layer makes states of them, as in the paper's section
            3.1, unless they are trained and have the width of a state.
        hidden_size: D, the width of h.
        tracker_size: K, the width of the Tracker's h; None without a Tracker.
        dropout: probability with which an entry of the sentence's vector becomes zero in training.
        composition: how two children become their parent; TreeLSTM if left out.
        machine: the stack machine that runs it, as in `stack_machine.machines.choose`.

    Raises: ValueError: if the machine does not exist for the composition.
    """

    tree_source: ClassVar[Literal["none", "given", "predicted"]] = "given"
    has_nodes: ClassVar[bool] = True

    def __init__(
        self,
        embedding: Embedding,
        *,
        hidden_size: int,
        tracker_size: int | None,
        dropout: float,
        composition: CompositionSpec = TREE_LSTM,
        machine: MachineName = "auto",
    ) -> None:
        super().__init__()
        self.size = hidden_size
        self.embedding = embedding
        self.leaf = linear_leaf(embedding, composition.kind.state_parts * hidden_size)
        self.reduce = composition.build(hidden_size, tracker_size)
        self.tracker = (
            None if tracker_size is None else Tracker(hidden_size, tracker_size=tracker_size)
        )
        self.dropout = nn.Dropout(dropout)
        self.machine = choose(machine, self.reduce)

    def forward(self, sentences: Sentences) -> Encoding:
        """Encode a batch: `sentence` (B, D), `nodes` (M, D) and, with a Tracker, `tracking`."""
        words = embed_words(self.embedding, sentences)
        parts = self.reduce.state_parts
        state, leaves = leaf_states(self.embedding, self.leaf, parts, sentences, words)
        encoding = self.machine(state, leaves, sentences, self.reduce, self.tracker)
        return replace(encoding, sentence=self.dropout(encoding.sentence))
