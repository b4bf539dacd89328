import json
import re
from base64 import b64encode
from collections.abc import Callable
from hashlib import sha256

import pytest

from spinn.analysis.page import as_json, render_page
from spinn.analysis.trace import Trace
from spinn.trees.transitions import Parse, right_branching

NASTY = (
    "</script><script>alert(1)</script>", "<!--", "-->", "&amp;", "<img src=x onerror=alert(1)>",
    "{{script}}", "🐕", "שלום", "\u2028", "\x00", "\ud800", "'\"", "a" * 5000,
)  # fmt: skip


def nasty(read: Callable[..., Trace]) -> Trace:
    return read(Parse(NASTY, right_branching(len(NASTY))), "dogs")


def test_texts_round_trip(read: Callable[..., Trace]) -> None:
    html = render_page(nasty(read))
    (data,) = re.findall(r'<script type="application/json" id="trace">(.*?)</script>', html, re.S)
    assert json.loads(data)["sentences"][0]["words"] == list(NASTY)
    html.encode("utf-8")


def test_nothing_in_the_data_reads_as_markup(read: Callable[..., Trace]) -> None:
    data = as_json(nasty(read))
    assert data.isascii()
    assert not set("<>&\n") & set(data)


def test_the_page_has_one_script_one_style_and_no_external_resource(
    read: Callable[..., Trace],
) -> None:
    html = render_page(nasty(read))
    assert html.count("<script") == 2
    assert html.count("<style") == 1
    html = render_page(read("dogs", "cats"))
    assert not re.search(r"\b(src|href)=|@import|url\(|fetch\(|innerHTML|eval\(", html)
    assert html.count("http") == 2, "a directive, and the name of SVG, which is no address"


@pytest.mark.parametrize("tag", ["style", "script"])
def test_the_policy_names_the_script_and_the_style(tag: str, read: Callable[..., Trace]) -> None:
    html = render_page(read("dogs", "cats"))
    (text,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.S)
    digest = b64encode(sha256(text.encode()).digest()).decode()
    assert f"{tag}-src 'sha256-{digest}'" in html
    assert "default-src 'none'" in html


def test_two_pages_differ_in_their_data_alone(read: Callable[..., Trace]) -> None:
    one, other = (render_page(read(word, "cats")) for word in ("dogs", "move"))
    assert one != other
    data = re.compile(r'(?<=id="trace">).*?(?=</script>)', re.S)
    assert data.sub("", one) == data.sub("", other)
