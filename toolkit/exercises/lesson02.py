"""Exercises of lesson 02: a curve from network to network that goes round the mountain."""

from toolkit.exercises.lesson02_bend import BEND_STEP
from toolkit.exercises.lesson02_connect import CONNECT
from toolkit.exercises.lesson02_curve import BEZIER
from toolkit.exercises.lesson02_length import LENGTH
from toolkit.exercises.lesson02_quiz import PREDICTIONS, QUESTIONS

EXERCISES = (BEZIER, BEND_STEP, LENGTH, CONNECT)

__all__ = ["EXERCISES", "PREDICTIONS", "QUESTIONS"]
