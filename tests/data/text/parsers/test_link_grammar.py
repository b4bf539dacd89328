"""Trees from `link-parser`: from a stub, and from the program if it is installed."""

import shlex
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spinn.data.text.parsers import link_grammar
from spinn.data.text.parsers.constituents import read_tree, to_chunks
from spinn.data.text.parsers.link_grammar import LinkGrammar
from spinn.data.text.tree_source import TreeSource
from spinn.errors import ParserUnavailableError
from spinn.text import split_words
from spinn.trees.transitions import check_transitions, to_brackets

Stub = Callable[[str], Path]


@pytest.fixture
def stub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stub:
    """Put a stub of `link-parser` on PATH that runs Python code on `line`, and records it."""
    monkeypatch.setattr(link_grammar, "SECONDS", 5.0)

    def make(code: str) -> Path:
        program = tmp_path / "link-parser"
        noted = tmp_path / "noted"
        script = tmp_path / "stub.py"
        script.write_text(
            "import sys, time\nline = sys.stdin.buffer.read()\n"
            f"open({str(noted)!r}, 'wb').write(line)\n{code}\n"
        )
        # By a shell, since a path with a space is not possible after #!.
        command = f"exec {shlex.quote(sys.executable)} {shlex.quote(str(script))}"
        program.write_text(f"#!/bin/sh\n{command}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        return noted

    return make


@pytest.fixture
def real() -> TreeSource:
    if shutil.which("link-parser") is None:
        pytest.skip("link-parser is not installed: apt install link-grammar")
    return TreeSource("link-grammar")


def test_a_missing_program_is_an_error_that_names_the_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ParserUnavailableError) as caught:
        TreeSource("link-grammar")
    assert str(caught.value) == "link-parser: not found; install it with: apt install link-grammar"


def test_the_tree_is_found_among_other_output_lines(stub: Stub) -> None:
    noted = stub("print('link-grammar: Info\\n\\n[S [NP the dogs.n NP] [VP move.v VP] S]\\nBye.')")
    parse, source = TreeSource("link-grammar").read("The dogs move")
    assert to_brackets(parse) == "( ( The dogs ) move )"
    assert source == "link-grammar"
    assert noted.read_bytes() == b" The dogs move\n"


@pytest.mark.parametrize("text", ["!exit", "!!dog", "%x", "  !file=/etc/passwd\n!help\r!x", "! !"])
def test_a_sentence_is_not_read_as_a_command(text: str, stub: Stub) -> None:
    noted = stub("")
    with pytest.raises(ValueError, match="returns no tree"):
        LinkGrammar().parse_text(text)
    line = noted.read_bytes()
    assert line.startswith(b" ")
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert b"\r" not in line


def test_control_characters_do_not_reach_the_program() -> None:
    assert to_chunks(["\x07", "a\x1bb", "c\u200bd"]) == [
        ["\N{REPLACEMENT CHARACTER}"],
        ["ab"],
        ["cd"],
    ]
    assert to_chunks(split_words("He can't (say) \"no\"")) == [
        ["He"], ["ca", "n't"], ["("], ["say"], [")"], ['"'], ["no"], ['"']]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("", r"link-parser returns no tree \(it gives no reason\)"),
        ("print('link-grammar: Error: no dictionary')", "no tree .link-grammar: Error: no dict"),
        ("print('[S [NP the dogs NP] move')", "leaves 1 constituent.s. open"),
        ("print('[S the dogs move S] NP]')", "closes more constituents than it opens"),
        ("print('[S the cats move S]')", "other words: 'cats' in place of 'dogs'"),
        ("print('[S the dogs S]')", "other words: '' in place of 'move'"),
        ("print('[S the dogs move on S]')", "other words: 'on' after the end"),
        ("print('x' * 2_000_000)", "writes more than 1,048,576 bytes"),
        ("sys.stdout.buffer.write(b'[\\xff')", "leaves 1 constituent"),
    ],
)
def test_an_invalid_answer_is_an_error(code: str, message: str, stub: Stub) -> None:
    stub(code)
    with pytest.raises(ValueError, match=message):
        LinkGrammar().parse_text("the dogs move")


@pytest.mark.parametrize(
    "code",
    [
        "time.sleep(600)",
        "import os\nos.fork() or time.sleep(600)\nos._exit(0)",
        "while True: print('a', flush=True); time.sleep(0.02)",
    ],
    ids=["silent", "orphaned", "dripping"],
)
def test_the_time_is_limited(code: str, stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    stub(code)
    monkeypatch.setattr(link_grammar, "SECONDS", 0.5)
    with pytest.raises(ValueError, match=r"link-parser returns no tree within 0\.5 s"):
        LinkGrammar().parse_text("the dogs move")


def test_a_program_that_cannot_be_started(stub: Stub, tmp_path: Path) -> None:
    stub("")
    parser = LinkGrammar()
    (tmp_path / "link-parser").write_text("#!/nowhere/at/all\n")
    with pytest.raises(ParserUnavailableError, match="link-parser: No such file"):
        parser.parse_text("dogs")
    (tmp_path / "link-parser").write_text("#!/bin/sh\nexec 0<&-\necho an error in it\n")
    with pytest.raises(ValueError, match=r"no tree .an error in it"):
        parser.parse_text("dogs")


def test_a_long_sentence_is_an_error_before_it_is_sent(stub: Stub) -> None:
    noted = stub("")
    with pytest.raises(ValueError, match=r"sentences of up to 2,000 bytes, this has 25,001"):
        LinkGrammar().parse_text("dogs " * 5000)
    assert not noted.exists()


@pytest.mark.parametrize(
    ("text", "answer", "tree"),
    [
        # Marks of guesses and of senses, words without a link, braces for every bracket.
        ("zz ran.v (off)", "[S zz{?}.n [VP ran.v {{} {off} {}} VP] S]",
         "( zz ( ran.v ( -LRB- ( off -RRB- ) ) ) )"),
        # One leaf is two words, and two leaves are one word.
        ("I can't go", "[S I can't [VP go.v VP] S]", "( I ( ( ca n't ) go ) )"),
        ("the 3pm tea", "[S [NP the 3 NP] [NP {pm} tea.n NP] S]", "( the ( 3pm tea ) )"),
        # A leaf is not taken for the beginning of the next word too.
        ("the end .n", "[S [NP the end.n NP] .n S]", "( ( the end ) .n )"),
        ("A dog", "[S [NP [NP a dog.n NP] NP] S]", "( A dog )"),
        ("İstanbul", "[S İstanbul{!} S]", "İstanbul"),
    ],
)  # fmt: skip
def test_leaves_are_mapped_to_words(text: str, answer: str, tree: str) -> None:
    assert to_brackets(read_tree(answer, split_words(text))) == tree


@given(st.lists(st.sampled_from(["[S", "[NP", "S]", "the", "dog.n", "{the}", "]", "[", ""])))
def test_any_answer_is_a_tree_or_an_error(tokens: list[str]) -> None:
    words = ("the", "dog", "the")
    try:
        parse = read_tree(" ".join(tokens), words)
    except ValueError:
        return
    assert parse.words == words
    check_transitions(parse.transitions, 3)


def test_the_program_itself(real: TreeSource) -> None:
    parse = real.from_text("The old church has cracks.")
    assert to_brackets(parse) == "( ( The ( old church ) ) ( ( has cracks ) . ) )"
    brackets = "( ( all ( old dogs ) ) move )"
    assert real.from_brackets(brackets).words == ("all", "old", "dogs", "move")
    for text in ("!help", "! !help", "%x", "?!", "dog", "\x07", "犬 🐕 dogs", "S] [S NP] {a} (b"):
        words = split_words(text)
        parse = real.from_text(text)
        assert parse.words == words
        check_transitions(parse.transitions, len(words))


@settings(max_examples=15, deadline=None)
@given(text=st.text(min_size=1, max_size=30))
def test_any_text_to_the_program_itself(text: str) -> None:
    if shutil.which("link-parser") is None:
        pytest.skip("link-parser is not installed: apt install link-grammar")
    try:
        words, transitions = LinkGrammar().parse_text(text)
    except ParserUnavailableError:
        raise
    except ValueError:
        return
    check_transitions(transitions, len(words))
