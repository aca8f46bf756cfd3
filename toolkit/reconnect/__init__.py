"""Train-by-Reconnect: learn by moving weights within their rows, never by changing their values.

`rows` and `sync` are the method; `LaPerm` puts it around any torch optimiser in a loop of your own, `Reconnect` through
`train.fit`. `start` and `sparse` make values worth moving, `moves`, `cycles`,
`partway` and `bits` say what a permutation did.

Source: Qiu and Suda 2020, "Train-by-Reconnect: Decoupling Locations of Weights from Their Values".
"""

from toolkit.reconnect.laperm import LaPerm
from toolkit.reconnect.moves import Moves, bits, cycles, moves, partway
from toolkit.reconnect.permuted import Reconnect
from toolkit.reconnect.rows import rows, sync
from toolkit.reconnect.starts import sparse, start

__all__ = ["LaPerm", "Moves", "Reconnect", "bits", "cycles", "moves", "partway", "rows", "sparse", "start", "sync"]
