"""Short messages for bad Hydra overrides, with the nearest known key or the right quotes."""

import re
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, OverrideParseException
from omegaconf import OmegaConf

from spinn.config import flat, nearest
from spinn.errors import InputError
from spinn.training.old_runs import new_option

UNKNOWN_KEY = re.compile(r"Could not (?:override|delete from config)\W+'?(?P<key>[\w./@]+)")

AMBIGUOUS = re.compile(r"Ambiguous value for argument '(?P<override>.*)'$", re.MULTILINE)

PLAIN = re.compile(r"[\w./-]+", re.ASCII)  # an element of a list that needs no quotes

NO_OPTION = re.compile(r"Could not find '(?P<group>[\w/]+)/(?P<option>[^/']+)'")


# The plugins of Hydra that run the jobs of a sweep, and what installs them.
LAUNCHERS = {
    "joblib": "hydra-joblib-launcher",
    "submitit_local": "hydra-submitit-launcher",
    "submitit_slurm": "hydra-submitit-launcher",
}


# What other toolkits call a key: its last part, or the whole key.
SYNONYMS = {
    "learning_rate": "lr", "rate": "lr", "eta": "lr", "batch": "batch_size", "bs": "batch_size",
    "epoch": "epochs", "max_epochs": "epochs", "num_epochs": "epochs", "n_epochs": "epochs",
    "hidden": "hidden_size", "hidden_dim": "hidden_size", "dim": "hidden_size",
    "units": "hidden_size", "num_layers": "layers", "n_layers": "layers", "depth": "layers",
    "embedding_dim": "embedding.size", "embedding_size": "embedding.size",
    "embed_dim": "embedding.size", "glove": "embedding.vectors", "clip": "clip_norm",
    "grad_clip": "clip_norm", "max_grad_norm": "clip_norm", "l2": "weight_decay",
    "wd": "weight_decay", "gpu": "device", "cuda": "device", "workers": "threads",
    "num_workers": "threads", "fp16": "precision", "amp": "precision", "bf16": "precision",
    "early_stopping": "patience", "checkpoint": "resume", "path": "data.root",
    "folder": "data.root", "dataset": "data", "encoder": "model", "random_seed": "seed",
    "output_dir": "hydra.run.dir", "out": "hydra.run.dir",
}  # fmt: skip
# Options of train.py that take a dash or two: those of Hydra.
DASHED = {
    "-h", "--help", "--hydra-help", "--version", "-c", "--cfg", "--resolve", "-p", "--package",
    "-r", "--run", "-m", "--multirun", "-sc", "--shell-completion", "-cp", "--config-path", "-cn",
    "--config-name", "-cd", "--config-dir", "--experimental-rerun", "-i", "--info",
}  # fmt: skip


def check_words(words: Sequence[str]) -> None:
    """Raise InputError for the ways of other programs to write a setting: `--model lstm`."""
    for place, word in enumerate(words):
        key, equals, value = word.lstrip("-").partition("=")
        if word.startswith("--") and word.partition("=")[0] not in DASHED:
            following = words[place + 1] if place + 1 < len(words) and not equals else value
            raise InputError(
                f"{word}: a setting is KEY=VALUE without dashes: {key.replace('-', '_')}="
                f"{following or 'VALUE'}"
            )
        if word == "=" and 0 < place < len(words) - 1:
            before, after = words[place - 1], words[place + 1]
            raise InputError(
                f"'{before} = {after}': a setting has no spaces around =: {before}={after}"
            )


def run(main: Callable[[], object], conf: Path) -> None:
    """Run Hydra's main.

    Args: conf: the folder of the configuration.

    Raises: InputError: with a short message, in place of Hydra's errors.
    """
    check_words(sys.argv[1:])
    try:
        main()
    except HydraException as error:
        raise InputError(explain(error, conf)) from error


def check_launcher(name: str) -> None:
    """Raise InputError if the plugin of a launcher is missing, with how to install it."""
    package = LAUNCHERS.get(name)
    if package is None:
        return
    module = f"hydra_plugins.{package.replace('-', '_')}"
    if find_spec("hydra_plugins") and find_spec(module):
        return
    raise InputError(
        f'hydra/launcher={name} needs {package}, which is missing: pip install "spinn[sweep]"'
    )


def explain(error: HydraException, conf: Path, words: Sequence[str] | None = None) -> str:
    """Return Hydra's error about an override in one or two sentences.

    Args:
        error: raised by Hydra.
        conf: the folder of the configuration.
        words: the overrides; None for those of the command line.
    """
    words = sys.argv[1:] if words is None else words
    if isinstance(error, OverrideParseException):
        return _with_quotes(error.override, words)
    message = str(error).split("\nConfig search path:")[0].split("\nSee https:")[0].strip()
    ambiguous = AMBIGUOUS.search(message)
    if ambiguous is not None:
        return f"{message}\nIn the shell, a text with a comma is {_quoted(ambiguous['override'])}"
    unknown = UNKNOWN_KEY.match(message)
    if unknown is None:
        return _with_nearest_option(message, conf)
    key = unknown["key"]
    renamed = new_option(key)
    if renamed is not None:
        return f"{key} is now {renamed}"
    groups = set(_groups(conf))
    if key in groups:
        return f"{key} is not a group of the chosen options; choose another model, or leave it out"
    keys = set(_known_keys(conf, groups, words))
    meant = _meant(key, keys | groups)
    if meant:
        return f"unknown key {key}: did you mean {' or '.join(map(repr, meant))}?"
    section = key.partition(".")[0]
    own = {name for name in keys if name.partition(".")[0] == section}
    return f"unknown key {key}: {nearest(key, groups if '.' not in key else own or keys)}"


def _meant(key: str, known: set[str]) -> list[str]:
    """Return the full keys that a key without its section, or another word, stands for."""
    last = key.rpartition(".")[2]
    wanted = SYNONYMS.get(last.lower(), last)
    if wanted in known or wanted.startswith("hydra."):
        return [wanted]
    found = sorted(name for name in known if name.endswith(f".{wanted}"))
    own = [name for name in found if name.split(".")[0] == key.split(".")[0]]
    return own if "." in key else found


def _with_quotes(override: str, words: Sequence[str]) -> str:
    """Say how to write an override that Hydra's grammar refuses."""
    key, equals, value = override.partition("=")
    if not equals:  # the end of a value with a space, or a word that is no override
        before = words[: words.index(override)] if override in words else []
        joined = f"{before[-1]} {override}" if before and "=" in before[-1] else ""
        advice = f"; a value with a space needs quotes: {_quoted(joined)}" if joined else ""
        return f"{override!r} is not KEY=VALUE{advice}"
    if not value or not re.fullmatch(r"[+~]{0,2}[\w./@:-]+", key, re.ASCII):
        return f"{override!r} is not KEY=VALUE"
    if value.startswith("{"):  # keys in quotes are not in Hydra's grammar
        return (
            f"{override}: Hydra cannot read the mapping; brackets, commas and quotes in a key need "
            f'pairs, with quotes: {key}=\'[["KEY", "VALUE"], ["KEY", "VALUE"]]\''
        )
    return (
        f"{override}: Hydra cannot read the value; brackets, commas, quotes, = and letters with "
        f"accents need quotes for Hydra inside those for the shell: {_quoted(override)}"
    )


def _quoted(override: str) -> str:
    """Quote the value of an override, or the elements of its list, for Hydra and for the shell.

    `data.column=Wind (m/s)` becomes `data.column='"Wind (m/s)"'`.
    """
    key, _, value = override.partition("=")
    if value.startswith("[") and value.endswith("]"):
        elements = [element.strip() for element in value[1:-1].split(",")]
        texts = (text if PLAIN.fullmatch(text) else _as_text(text) for text in elements)
        return f"{key}={shlex.quote('[' + ','.join(texts) + ']')}"
    return f"{key}={shlex.quote(_as_text(value))}"


def _as_text(value: str) -> str:
    """Quote a value as Hydra's grammar does; quotes that enclose all of it are kept."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value
    return '"' + value.replace('"', '\\"') + '"'


def _with_nearest_option(message: str, conf: Path) -> str:
    """Add the nearest option, if the message is about an unknown one."""
    missing = NO_OPTION.search(message)
    if missing is None:
        return message
    if missing["group"] == "hydra/launcher":
        check_launcher(missing["option"])
    renamed = new_option(missing["group"], missing["option"])
    if renamed is not None:
        return f"{missing['group']}={missing['option']} is now {renamed}"
    options = [path.stem for path in (conf / missing["group"]).glob("*.yaml")]
    hint = nearest(missing["option"], options)
    return message.replace(missing[0], f"{missing[0]}: {hint}") if "mean" in hint else message


def _groups(conf: Path) -> Iterator[str]:
    """Yield the groups, and the keys at the root."""
    yield from ("seed", "run")
    for folder in conf.rglob("*/"):
        yield folder.relative_to(conf).as_posix()


def _known_keys(conf: Path, groups: set[str], words: Sequence[str]) -> Iterator[str]:
    """Yield every key of the configuration of the chosen groups."""
    parts = (word.partition("=") for word in words)  # among them `spinn data audit`
    chosen = ["".join(part) for part in parts if part[1] and part[0] in groups - {"seed", "run"}]
    GlobalHydra.instance().clear()
    try:
        with initialize_config_dir(str(conf), version_base="1.3"):
            config = compose("train", overrides=[word for word in chosen if "," not in word])
    except HydraException:  # a second error; the first one is reported
        return
    yield from (key for key, _ in flat(OmegaConf.to_container(config, resolve=False)))
