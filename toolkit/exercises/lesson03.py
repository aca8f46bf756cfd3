"""Exercises of lesson 03: the same network with its units renumbered, and how to line two networks up."""

from toolkit.exercises.lesson03_align import ALIGN
from toolkit.exercises.lesson03_correlation import CORRELATION
from toolkit.exercises.lesson03_partners import PARTNERS
from toolkit.exercises.lesson03_quiz import PREDICTIONS, QUESTIONS
from toolkit.exercises.lesson03_renumber import RENUMBER
from toolkit.exercises.lesson03_swaps import SWAPS

EXERCISES = (RENUMBER, CORRELATION, PARTNERS, SWAPS, ALIGN)

__all__ = ["EXERCISES", "PREDICTIONS", "QUESTIONS"]
