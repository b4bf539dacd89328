"""Text in LaTeX."""

# Characters with a meaning in LaTeX; ± and † are in text mode from 2020 on, older ones need these.
LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "[": "{[}", "±": r"$\pm$", "†": r"\textsuperscript{\dag}", "–": "--",
    "<": "$<$", ">": "$>$",
}  # fmt: skip


def one_line(text: str) -> str:
    """Return a text without line breaks, which would end a row of a table or a comment."""
    return " ".join(text.split())


def latex_text(text: str) -> str:
    """Return a text in one line of LaTeX, characters with a meaning in LaTeX escaped."""
    return "".join(LATEX.get(character, character) for character in one_line(text))
