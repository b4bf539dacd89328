"""`spinn data`: download a dataset, parse the sentences of a table, or audit a dataset."""

import argparse
import re
import shlex
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spinn.data.download.catalogue import SOURCES, Source
from spinn.data.download.download import SUMS, download
from spinn.data.text.parsers import DEFAULT_URL
from spinn.errors import InputError, Interrupted
from spinn.project import data_folder
from spinn.text import printable_lines


def add_to(commands: Any) -> None:
    """Add the command to the `spinn` parser."""
    parser = commands.add_parser("data", help="download, parse or audit a dataset")
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")
    _add_download(actions)
    _add_parse(actions)
    _add_audit(actions)


def _add_download(actions: Any) -> None:
    pinned = ", ".join(source.name for source in SOURCES.values() if source.pinned)
    others = ", ".join(source.name for source in SOURCES.values() if not source.pinned)
    parser = actions.add_parser(
        "download",
        help="download, check and unpack a dataset",
        description="Download a dataset from its official site and unpack the files that spinn "
        "reads. The same command resumes a broken download; an archive that is already in the "
        f"folder is used. {pinned}: compared with the SHA-256 that others have published. "
        f"{others}: no published SHA-256 is known, so only the length that the server announces "
        "and the CRC-32 inside a zip are checked. The SHA-256 of each file is always printed, and "
        f"written to {SUMS} beside the data, for `sha256sum -c`.",
    )
    parser.add_argument("name", metavar="NAME", choices=list(SOURCES), help=", ".join(SOURCES))
    parser.add_argument("--to", metavar="FOLDER", help="default: the project's data/NAME")
    parser.add_argument("--keep-archive", action="store_true", help="keep the zip as well")
    parser.add_argument("--force", action="store_true", help="replace existing files")
    parser.add_argument(
        "--sha256",
        metavar="[FILE=]HEX",
        action="append",
        default=[],
        help="expected SHA-256 of the downloaded file; FILE= where there are several",
    )
    parser.set_defaults(run=run_download)


def _add_parse(actions: Any) -> None:
    parser = actions.add_parser(
        "parse",
        help="parse the sentences of a table once, so that training reads their trees",
        description="Parse the sentences of a table: TSV, CSV, JSON lines or Parquet, plain or "
        ".gz. OUT has all rows and columns in their order, and a column of binary trees in "
        "brackets for each column of sentences: sentence1_binary_parse for sentence1, "
        "premise_parse for premise. Each distinct sentence is parsed once. Trees are kept in "
        "OUT.partial until OUT is complete: after Ctrl-C, the same command continues. The last "
        "line of the output is the command that trains on OUT.",
    )
    parser.add_argument("--file", type=Path, required=True, metavar="IN", help="the table")
    parser.add_argument(
        "--out", type=Path, required=True, help="JSON lines or TSV, by its suffix; also .gz"
    )
    parser.add_argument(
        "--trees",
        required=True,
        metavar="corenlp|link-grammar|RUN",
        help="corenlp: a CoreNLP server; link-grammar: Debian's link-parser; RUN: the folder of a "
        "run whose model predicts trees",
    )
    parser.add_argument(
        "--columns",
        metavar="A,B",
        help="the columns of the sentences (default: those with a common name, such as premise and "
        "hypothesis, sentence1 and sentence2, sentence, text)",
    )
    parser.add_argument(
        "--parse-columns", metavar="A,B", help="names of the new columns, one for each of --columns"
    )
    parser.add_argument(
        "--format",
        choices=("auto", "tsv", "csv", "jsonl", "parquet", "snli", "multinli", "sick"),
        default="auto",
        help="format of IN (default: by its suffix); snli, multinli, sick: the official files",
    )
    parser.add_argument(
        "--delimiter",
        default="auto",
        help="delimiter of the cells of TSV and CSV: comma, semicolon, tab, pipe or a character "
        "(default: found)",
    )
    parser.add_argument(
        "--no-header",
        dest="header",
        action="store_false",
        help="the first line is a row; the columns are column1, column2, ...",
    )
    parser.add_argument(
        "--workers",
        type=int,
        metavar="N",
        help="sentences that corenlp or link-grammar parse at once (default: the number of cores)",
    )
    parser.add_argument(
        "--batch-size", type=int, metavar="N", help="sentences in a batch of RUN (default: 64)"
    )
    parser.add_argument(
        "--parser-url",
        metavar="URL",
        help=f"address of the CoreNLP server (default: {DEFAULT_URL})",
    )
    parser.add_argument(
        "--on-error",
        choices=("raise", "skip"),
        default="raise",
        help="at a sentence that cannot be parsed, or a bad row: raise stops and names it, skip "
        "leaves the parse empty, or the row out, and counts it (default: %(default)s)",
    )
    parser.add_argument("--force", action="store_true", help="replace an existing OUT")
    parser.set_defaults(run=run_parse)


def _add_audit(actions: Any) -> None:
    parser = actions.add_parser(
        "audit",
        help="sizes, balance, lengths, overlaps and shallow baselines of a dataset",
        usage="%(prog)s [options] [data=NAME] [data.KEY=VALUE ...]",
        description="Print what a reviewer asks about a dataset, for train, dev and each test set: "
        "examples, label balance, lengths of the sentences, depths of the trees, words that train "
        "lacks, repeated and contradictory inputs, and what baselines reach that read one sentence "
        "alone, lengths and overlap, or bags of n-grams. The data are those of train.py: data=NAME "
        'and data.KEY=VALUE. Baselines need pip install "spinn[audit]".',
    )
    parser.add_argument(
        "overrides",
        metavar="data=…",
        nargs="*",
        help="an option of conf/data, such as data=snli data.root=FOLDER (default: natlog), and "
        "other settings of the data",
    )
    parser.set_defaults(further="overrides")
    parser.add_argument("--json", action="store_true", help="print JSON, with all numbers")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="also write FILE.md, FILE.json or FILE.csv"
    )
    parser.add_argument("--force", action="store_true", help="replace an existing FILE")
    parser.set_defaults(run=run_audit)


def run_audit(options: argparse.Namespace) -> None:
    """Audit the dataset."""
    from spinn.cli.support.audit_data import audit_data

    audit_data(options)


def run_parse(options: argparse.Namespace) -> None:
    """Parse the table; after Ctrl-C, print the command that continues."""
    from spinn.cli.support.parse_table import journal_path, parse_table, resume_command

    try:
        parse_table(options)
    except KeyboardInterrupt:
        kept = journal_path(options.out)
        state = f"{kept} keeps the trees" if kept.exists() else "nothing was parsed"
        message = f"interrupted, {state}; `{resume_command(options)}` continues"
        raise Interrupted(message, signal.SIGINT) from None


def run_download(options: argparse.Namespace) -> None:
    """Download the dataset; after Ctrl-C, print the command that resumes."""
    source = SOURCES[options.name]
    source = source.with_sums(_sums(options.sha256, source))
    folder = Path(options.to).expanduser() if options.to else data_folder(source.name)

    def report(text: str) -> None:
        print(printable_lines(text), file=sys.stderr, flush=True)

    try:
        download(
            source, folder, keep_archive=options.keep_archive, force=options.force, report=report
        )
    except KeyboardInterrupt:
        to = f" --to {shlex.quote(options.to)}" if options.to else ""
        message = f"interrupted; `spinn data download {source.name}{to}` resumes it"
        raise Interrupted(message, signal.SIGINT) from None


def _sums(given: Sequence[str], source: Source) -> dict[str, str]:
    """Return the expected SHA-256 of each file, by its name."""
    names = [remote.name for remote in source.remotes]
    sums = {}
    for text in given:
        name, _, digest = text.rpartition("=")
        name = names[0] if not name and len(names) == 1 else name
        if name not in names or not re.fullmatch(r"[0-9a-fA-F]{64}", digest):
            raise InputError(
                f"--sha256 is {text!r}; expected FILE=HEX, with 64 hexadecimal digits and FILE one "
                f"of {', '.join(names)}"
            )
        sums[name] = digest.lower()
    return sums
