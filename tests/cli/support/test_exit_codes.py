"""Messages of errors: what a file or an argument holds cannot control the terminal."""

import logging

import pytest

from spinn.cli import main
from spinn.cli.support import exit_codes
from spinn.errors import InputError, Interrupted
from spinn.text import LONGEST_LINE


def test_control_characters_of_an_error_are_escaped_and_its_middle_is_left_out(
    capsys: pytest.CaptureFixture,
) -> None:
    def fail() -> None:
        raise InputError(f"x.json:1: unknown key '\x1b[31m{'a' * 5000}\x9b'; expected:\n  b\rc")

    assert exit_codes.run(fail) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("error: x.json:1: unknown key '\\x1b[31maaa")
    assert first.endswith("aaa\\x9b'; expected:")
    assert "a…a" in first
    assert len(first) == LONGEST_LINE
    assert second == "  b\\rc"


def test_the_command_that_resumes_is_whole(capsys: pytest.CaptureFixture) -> None:
    command = f"python train.py run={'a' * 5000}"

    def stop() -> None:
        raise Interrupted(f"stopped\x1b. Resume with: {command}", 2)

    assert exit_codes.run(stop) == 130
    assert capsys.readouterr().err == f"stopped\\x1b. Resume with: {command}\n"


@pytest.mark.parametrize(
    "words", [["evaluate", "run", "--\x1b[31mred"], ["encode", "run", "--batch-size", "\x1b[31m"]]
)
def test_bad_arguments_are_quoted_with_escapes(
    words: list[str], capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(words)
    printed = capsys.readouterr().err
    assert "\x1b" not in printed
    assert "\\x1b[31m" in printed


def test_warnings_and_logs_have_escapes(capsys: pytest.CaptureFixture) -> None:
    exit_codes.warn("column \x1b[31m")
    assert capsys.readouterr().err == "warning: column \\x1b[31m\n"
    record = logging.LogRecord("spinn", logging.INFO, "", 1, "a %s\nb", ("\x1b\r",), None)
    assert exit_codes.LogFormatter("%(message)s").format(record) == "a \\x1b\\r\nb"
