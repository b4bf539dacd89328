"""`spinn search`: the best settings of each model on dev, after equally many trials."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from spinn.errors import InputError, TrainingError


def add_to(commands: Any) -> None:
    """Add the command to the `spinn` parser."""
    parser = commands.add_parser(
        "search",
        help="search for the best settings of each model on dev",
        usage="%(prog)s --out FOLDER [options] OVERRIDE ...",
        description="Train each model with settings that Optuna chooses, and print the best on "
        "dev. Overrides are those of train.py. A list of options of a group (model=lstm,treelstm) "
        "is compared, with the same number of trials for each; 'KEY=interval(LOW,HIGH)', "
        "'KEY=tag(log,interval(LOW,HIGH))', 'KEY=range(A,B)' and KEY=a,b,c are searched. The same "
        "command continues a search.",
    )
    parser.add_argument("overrides", metavar="OVERRIDE", nargs="*", help="as for train.py")
    parser.set_defaults(further="overrides")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="the folder of the search"
    )
    parser.add_argument(
        "--trials",
        type=int,
        default=20,
        metavar="N",
        help="trials per model (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of the drawn values (default: %(default)s)"
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=1,
        metavar="N",
        help="trials that run at once (default: %(default)s)",
    )
    parser.add_argument(
        "--no-pruning", action="store_true", help="train the trials with a poor curve to the end"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Search, and print the best settings of each model."""
    for name in ("trials", "jobs"):
        if vars(options)[name] < 1:
            raise InputError(f"--{name} is {vars(options)[name]}; expected 1 or more")
    try:
        import optuna
    except ImportError as error:
        raise InputError(
            'spinn search needs optuna, which is missing: pip install "spinn[search]"'
        ) from error
    from spinn.cli.support import search_studies
    from spinn.cli.support.search_space import read_candidates

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    candidates = read_candidates(options.overrides)
    options.out.mkdir(parents=True, exist_ok=True)
    with _locked(options.out / "search.lock") as lock:
        entries = [
            (candidate, search_studies.open_study(candidate, options)) for candidate in candidates
        ]
        search_studies.Search(entries, options, lock).run()
        print(search_studies.report(entries, options.out))
    unfinished = [
        candidate.name for candidate, study in entries if search_studies.best_trial(study) is None
    ]
    if unfinished:
        raise TrainingError(f"no trial of {', '.join(unfinished)} has finished")


@contextmanager
def _locked(path: Path) -> Iterator[IO[str]]:
    """Hold the lock of a search; its trials inherit it, so that it lasts as long as they do.

    Raises: InputError: if another search has it.
    """
    import fcntl  # not on Windows

    with path.open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                f"{path.parent}: a search is running there, or one of its trials; wait for its "
                "end, or name another folder with --out"
            ) from error
        yield file
