"""Models: layers with inputs and outputs that can be trained."""

from geartrain.compat.names import finder
from geartrain.lazy import lazy_names, within

_PLACES = {
    "cloning": "clone_model",
    "from_json": "model_from_json",
    "model": "Functional Model",
    "sequential": "Sequential",
}
_ELSEWHERE = {
    "load_model": "geartrain.saving",
    "save_model": "geartrain.saving",
}
_names = within(__name__, _PLACES) | _ELSEWHERE

__all__ = [*_names]

# Other names are those of older Keras, and the reasons why some are not here.
__getattr__, __dir__ = lazy_names(__name__, _names, finder("models"))
