"""Exercises that check themselves: write a function, call `check`, go on in any case."""

from toolkit.exercises.calls import card, check, hint, quiz, solution, tally
from toolkit.exercises.predictions import predict

__all__ = ["card", "check", "hint", "predict", "quiz", "solution", "tally"]
