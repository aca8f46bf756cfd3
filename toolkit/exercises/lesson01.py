"""Exercises of lesson 01: two networks and the straight line between them."""

from toolkit.exercises.lesson01_losses import BARRIER, STATISTICS
from toolkit.exercises.lesson01_points import FLATTEN, INTERPOLATE
from toolkit.exercises.lesson01_quiz import PREDICTIONS, QUESTIONS

EXERCISES = (FLATTEN, INTERPOLATE, BARRIER, STATISTICS)

__all__ = ["EXERCISES", "PREDICTIONS", "QUESTIONS"]
