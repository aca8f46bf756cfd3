"""Sparse networks: masks as data, pruning by magnitude, lottery tickets, and training that keeps a mask exactly.

Source: Frankle and Carbin 2019, "The Lottery Ticket Hypothesis"; McDermott and Cummings 2023, "Linear Mode Connectivity
in Sparse Neural Networks".
"""

from toolkit.sparse.masked import Masked
from toolkit.sparse.masks import dead_layers, density, prunable, prune, random_mask, shuffled, sparsity, survived
from toolkit.sparse.tickets import Tickets, tickets

__all__ = [
    "Masked",
    "Tickets",
    "dead_layers",
    "density",
    "prunable",
    "prune",
    "random_mask",
    "shuffled",
    "sparsity",
    "survived",
    "tickets",
]
