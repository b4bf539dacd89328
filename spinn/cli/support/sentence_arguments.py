"""Two sentences on the command line: after RUN, or as --premise and --hypothesis."""

import argparse

from spinn.errors import InputError


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the sentences to a command; `spinn.cli.main` accepts them after options, too."""
    parser.set_defaults(takes_sentences=True)
    parser.add_argument(
        "sentences", metavar="PREMISE HYPOTHESIS", nargs="*", help="two sentences, each quoted"
    )
    parser.add_argument("--premise", help="the sentence that is assumed to be true")
    parser.add_argument("--hypothesis", help="the sentence that may follow from it")


def sentence_pair(options: argparse.Namespace) -> tuple[str, str] | None:
    """Return the two sentences of the command line, or None.

    Raises: InputError: if there are not two, or if they are given in both ways.
    """
    named = [text for text in (options.premise, options.hypothesis) if text is not None]
    texts = [*options.sentences, *named]
    if not texts:
        return None
    if len(named) == 1 or (options.sentences and named):
        raise InputError(
            "give both --premise and --hypothesis, or neither and two sentences after RUN"
        )
    if len(texts) != 2:
        raise InputError(
            f"{len(texts)} sentence(s) after RUN, expected 2: quote the premise and the hypothesis"
        )
    return texts[0], texts[1]
