"""Late-phase weights: train one network for most of the way, then let K members differ in a few weights.

`LatePhase` is trained by `train.fit` like everything else; `parts` says which weights are the members' own, `fold` and
`batch_ensemble` are two ways of running the members as one.

Source: von Oswald, Kobayashi, Sacramento, Meulemans, Henning, Grewe 2021, "Neural networks with late-phase weights".
"""

from toolkit.latephase.batch_ensemble import batch_ensemble
from toolkit.latephase.fold import fold
from toolkit.latephase.members import LatePhase
from toolkit.latephase.parts import KINDS, Hypernetwork, Part, Rank1, Replicated, part_of

__all__ = ["KINDS", "Hypernetwork", "LatePhase", "Part", "Rank1", "Replicated", "batch_ensemble", "fold", "part_of"]
