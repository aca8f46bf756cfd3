"""Exercises that check themselves: write a function, call `check`, go on in any case."""

from toolkit.exercises.calls import card, check, hint, quiz, solution, tally
from toolkit.exercises.predictions import predict, recall

__all__ = ["card", "check", "hint", "predict", "quiz", "recall", "solution", "tally"]
