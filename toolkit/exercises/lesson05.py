"""Exercises of lesson 05: many heads late, one network at the end."""

from toolkit.exercises.lesson05_choose import CHOOSE
from toolkit.exercises.lesson05_chosen import CHOSEN
from toolkit.exercises.lesson05_loss import LOSS
from toolkit.exercises.lesson05_quiz import PREDICTIONS, QUESTIONS
from toolkit.exercises.lesson05_rank_one import RANK_ONE
from toolkit.exercises.lesson05_round import ROUND

EXERCISES = (LOSS, CHOOSE, ROUND, RANK_ONE, CHOSEN)

__all__ = ["EXERCISES", "PREDICTIONS", "QUESTIONS"]
