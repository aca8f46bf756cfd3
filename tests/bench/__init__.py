"""How fast the toolkit is, each time against the plain way: `make bench`, or `python -m tests.bench`.

Every ratio is our CPU time over the plain CPU time, both measured in the same run: one thread, one warm-up, then the
median of several repetitions in turn (plain, ours, plain, ours, ...).
"""
