"""Exercises of lesson 04: a whole line or triangle of networks, learned in one run."""

from toolkit.exercises.lesson04_choose import CHOOSE
from toolkit.exercises.lesson04_draw import DRAW
from toolkit.exercises.lesson04_quiz import PREDICTIONS, QUESTIONS
from toolkit.exercises.lesson04_repair import REPAIR
from toolkit.exercises.lesson04_speed import SPEED
from toolkit.exercises.lesson04_step import STEP

EXERCISES = (DRAW, STEP, SPEED, REPAIR, CHOOSE)

__all__ = ["EXERCISES", "PREDICTIONS", "QUESTIONS"]
