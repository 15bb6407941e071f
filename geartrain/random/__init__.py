"""Random tensors, reproducible from a seed.

Every function takes `seed`: an integer (the same numbers at each call), a `SeedGenerator` (new
numbers at each call, the same sequence each time), or None (the global generator, see
`set_random_seed`). The numbers at a position are a function of the key and the position alone, so
they do not depend on threads, and inside a traced function they are part of the graph.
"""

from geartrain.random.drawing import (
    categorical,
    dropout,
    noise_extents,
    normal,
    randint,
    shuffle,
    truncated_normal,
    uniform,
)
from geartrain.random.rejection import beta, binomial, gamma
from geartrain.random.seeds import (
    SeedGenerator,
    draw_key,
    fresh_seed,
    global_generator,
    global_seed,
    global_state,
    set_global_state,
    set_random_seed,
)

__all__ = [
    "SeedGenerator",
    "beta",
    "binomial",
    "categorical",
    "draw_key",
    "dropout",
    "fresh_seed",
    "gamma",
    "global_generator",
    "global_seed",
    "global_state",
    "noise_extents",
    "normal",
    "randint",
    "set_global_state",
    "set_random_seed",
    "shuffle",
    "truncated_normal",
    "uniform",
]
