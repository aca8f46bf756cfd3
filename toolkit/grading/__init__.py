"""Grading a class: find notebooks, take each exercise out of them, judge it in a process of its own, tell the lecturer.

`toolkit.grade` is the command. Here is the way a notebook goes:

1. `notebook` reads the file as text: nothing in it runs.
2. `pick` takes the learner's function and whatever it names, by reading the code as a tree.
3. `pool` hands that source to `foreman`, a process of its own, which judges every answer in a fresh child (`worker`).
4. `answers` reads quiz letters and guesses from the source; `report` writes the tables.
"""
