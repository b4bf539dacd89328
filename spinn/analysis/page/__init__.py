"""A trace as one web page that needs nothing but itself."""

import json
import re
from base64 import b64encode
from dataclasses import asdict
from hashlib import sha256
from importlib.resources import files

from spinn.analysis.trace import Trace, marks

SCRIPTS = ("parts.js", "tree.js", "tracker.js", "panel.js", "main.js")  # in the order they run
ESCAPES = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}


def page(trace: Trace) -> str:
    """Return the page's HTML.

    The texts of the pair stand in it as JSON alone, and the script shows them as text. The policy
    lets no other script or style run, and nothing be fetched.
    """
    style = _read("page.css")
    script = "\n".join(_read(name) for name in SCRIPTS)
    policy = f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}"
    parts = {
        "policy": f"{policy}; base-uri 'none'; form-action 'none'",
        "style": style,
        "trace": as_json(trace),
        "script": script,
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda found: parts[found[1]], _read("page.html"))


def as_json(trace: Trace) -> str:
    """Return the trace as JSON that can stand inside a script element, whatever it says.

    All of it is ASCII: half a surrogate pair, which a terminal may hand over, is no UTF-8.
    """
    values = {**asdict(trace), "label": trace.label, "marks": marks(trace.labels)}
    return json.dumps(values, allow_nan=False, separators=(",", ":")).translate(ESCAPES)


def _read(name: str) -> str:
    return files("spinn.analysis").joinpath("page", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The text's SHA-256 as a content security policy names it."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
