"""Operations on images, as in `keras.ops.image`: of one image (rank 3) or a batch (rank 4)."""

from geartrain.graph.recording import recorded
from geartrain.ops.image.colors import *  # noqa: F403
from geartrain.ops.image.distorted import *  # noqa: F403
from geartrain.ops.image.places import *  # noqa: F403
from geartrain.ops.image.scaled import *  # noqa: F403
from geartrain.ops.image.similarity import *  # noqa: F403
from geartrain.ops.image.sizes import *  # noqa: F403

__all__ = sorted(
    name
    for name, value in globals().items()
    if callable(value) and getattr(value, "__module__", "").startswith(__name__)
)  # fmt: skip
globals().update({name: recorded(globals()[name], __name__) for name in __all__})
