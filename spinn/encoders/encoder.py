"""The contract of every encoder."""

from abc import ABC, abstractmethod
from typing import ClassVar, Literal

from torch import Tensor, nn

from spinn.batch.encoding import Encoding
from spinn.batch.sentences import Sentences


class Encoder(nn.Module, ABC):
    """Turns a batch of sentences into vectors; its abilities are declared attributes.

    Attributes:
        size: D, the width of a sentence's vector.
        tree_source: which trees the encoder uses. `none`: it uses the words alone. `given`:
            the transitions of the sentences. `predicted`: trees that it predicts.
        needs_gold_trees: whether training needs gold trees in the data.
        can_follow_given: whether an encoder that predicts trees can also follow given ones; then
            `follow_given` makes it do so in evaluation.
        has_tokens: whether `Encoding.tokens` holds a vector for every word.
        has_nodes: whether `Encoding.nodes` holds a vector for every node of the tree.
        follow_given: see `can_follow_given`.
    """

    size: int
    tree_source: ClassVar[Literal["none", "given", "predicted"]] = "none"
    needs_gold_trees: ClassVar[bool] = False
    can_follow_given: ClassVar[bool] = False
    has_tokens: ClassVar[bool] = False
    has_nodes: ClassVar[bool] = False
    follow_given: bool = False

    @abstractmethod
    def forward(self, sentences: Sentences) -> Encoding:
        """Encode a batch of sentences."""

    def auxiliary_loss(
        self, encoding: Encoding, sentences: Sentences, rewards: Tensor | None
    ) -> Tensor | None:
        """The encoder's own loss, added to the task's loss in training; None without one.

        Args:
            encoding: the output of `forward` for the sentences.
            sentences: the batch; its transitions are the given trees.
            rewards: (R, B) the task's reward for each of `encoding.rollouts`; None without them.
        """
        return None
