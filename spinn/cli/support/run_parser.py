"""The encoder of a run as a parser of sentences."""

from collections.abc import Sequence

from spinn.data.dataset import TextDataset
from spinn.data.text.parsers import PARSERS, ExternalParser
from spinn.errors import InputError
from spinn.text import split_words
from spinn.training.evaluation import encoder_trees
from spinn.training.loading import load_run
from spinn.trees.transitions import Parse, right_branching


class RunParser(ExternalParser):
    """Parses with the encoder of a run that predicts trees.

    Args: folder: of the run.

    Raises: InputError: if it is not the folder of a run, or its encoder predicts no trees.
    """

    def __init__(self, folder: str) -> None:
        run = load_run(folder)
        if not isinstance(run.dataset, TextDataset) or run.task.encoder.tree_source != "predicted":
            raise InputError(
                f"--trees {folder}: its encoder, {run.model_name}, predicts no trees; expected "
                f"{', '.join(PARSERS)} or a run of model=spinn, rl_spinn or gumbel_treelstm"
            )
        self.folder = run.folder
        self.encoder = run.task.encoder
        self.vocabulary = run.vocabulary

    def parse_text(self, text: str) -> Parse:
        """Split plain text into words and parse them."""
        return self.parse_words(split_words(text))

    def parse_words(self, words: Sequence[str]) -> Parse:
        """Parse a sentence of given words."""
        (tree,) = self.trees([Parse(tuple(words), right_branching(len(words)))], batch_size=1)
        return Parse(tuple(words), tree)

    def trees(self, sentences: Sequence[Parse], *, batch_size: int) -> list[bytes]:
        """Return the predicted tree of each sentence; the given trees are not read."""
        return encoder_trees(self.encoder, sentences, self.vocabulary, batch_size)
