"""How several widgets write the same thing."""


def percent(value: float) -> str:
    """Write an accuracy.

    Args:
        value: The accuracy, between 0 and 1.

    Example:
        >>> percent(0.6534)
        '65.3 %'
    """
    return f"{100 * value:.1f} %"
