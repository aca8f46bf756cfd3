"""Formulas: from the TeX of a lesson to MathML, which every browser draws by itself."""

import html
import re

NAMED = r"(?<!<msub>)(?<!<msup>)(<mi>(?:log|exp|tanh|cos|sin)</mi>)(?!<mo stretchy=\"false\">&#x00028;)"
MISSING = "The site needs the package latex2mathml, which is not installed: run make setup."


def mathml(tex: str, block: bool = False) -> str:
    r"""Write a formula as MathML.

    MathML needs no script and no font of ours, it scales and prints, and screen readers speak it. The TeX stays in the
    attribute `alttext`.

    Args:
        tex: without the dollar signs.
        block: whether the formula stands on a line of its own; limits then go below their operators.

    Returns:
        One `<math>` element.

    Raises:
        ValueError: if the formula cannot be read or holds a command without a counterpart.
        ImportError: if latex2mathml is missing.

    Example:
        >>> mathml("2 x").partition("<mrow>")[2]
        '<mn>2</mn><mi>x</mi></mrow></math>'
    """
    try:
        from latex2mathml.converter import convert
    except ImportError:
        raise ImportError(MISSING) from None
    plain = " ".join(tex.split())
    ready = re.sub(r"\\arg(?![A-Za-z])", r"\\operatorname{arg}", plain)
    if block:
        ready = re.sub(r"\\(max|min)\s*_", r"\\\1\\limits_", ready)
    if re.sub(r"\\[{}]", "", plain).count("{") != re.sub(r"\\[{}]", "", plain).count("}"):
        raise ValueError(f"tex must be a formula with as many closing as opening braces, got {plain!r}.")
    try:
        made = convert(ready, display="block" if block else "inline")
    except Exception as error:  # latex2mathml raises a different class for every mistake
        raise ValueError(f"tex must be a formula, got {plain!r} ({type(error).__name__}).") from None
    unknown = re.search(r">(\\[A-Za-z]+)<", made)
    if unknown:
        raise ValueError(f"tex must hold commands that MathML can show, got {unknown[1]} in {plain!r}.")
    made = re.sub(r"<mi>(;|&#x027F[5-A];)</mi>", r"<mo>\1</mo>", made)  # a semicolon and long arrows are no letters
    made = re.sub(NAMED, r'\1<mspace width="0.167em" />', made)
    return made.replace(">", f' alttext="{html.escape(plain)}">', 1)
