"""Exercises of lesson 07: sparse networks, and when two runs in one stay connected."""

from toolkit.exercises.lesson07_honest import HONEST
from toolkit.exercises.lesson07_probes import PROBES
from toolkit.exercises.lesson07_prune import PRUNE
from toolkit.exercises.lesson07_quiz import PREDICTIONS, QUESTIONS
from toolkit.exercises.lesson07_shuffle import SHUFFLED
from toolkit.exercises.lesson07_step import STEP

EXERCISES = (PRUNE, STEP, HONEST, SHUFFLED, PROBES)

__all__ = ["EXERCISES", "PREDICTIONS", "QUESTIONS"]
