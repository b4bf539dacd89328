"""Words for people, in the number that is theirs."""


def counted(number: int, noun: str) -> str:
    """Return a number and its noun: `1 thread`, `50,001 examples`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
