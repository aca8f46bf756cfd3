"""Print to the learner: one place decides how wide a line is."""

from textwrap import fill


def say(text: str, indent: int = 2) -> None:
    """Print a text, its long lines broken between words.

    Args:
        text: what to print; its own line breaks stay.
        indent: number of spaces before the continuation of a broken line.

    Example:
        >>> say("A network with D weights and biases is one point in a space of D dimensions, its weight space.")
        A network with D weights and biases is one point in a space of D dimensions, its weight
          space.
    """
    for line in text.split("\n"):
        long = len(line) > 92
        print(fill(line, 92, subsequent_indent=" " * indent, break_long_words=False) if long else line)
