"""Exercises of lesson 06: learning by moving weights, and never changing them."""

from toolkit.exercises.lesson06_bits import BITS
from toolkit.exercises.lesson06_grey import GREY
from toolkit.exercises.lesson06_layer import LAYER
from toolkit.exercises.lesson06_period import PERIOD
from toolkit.exercises.lesson06_quiz import PREDICTIONS, QUESTIONS
from toolkit.exercises.lesson06_sync import SYNC

EXERCISES = (SYNC, LAYER, BITS, PERIOD, GREY)

__all__ = ["EXERCISES", "PREDICTIONS", "QUESTIONS"]
