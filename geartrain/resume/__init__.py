"""Training that goes on after any interruption, and ends in the same bits.

`model.fit(..., resume="run/")` keeps checkpoints in the folder `run/` and goes on from the last of
them when the same program is started again. docs/resume.md tells how.
"""

from geartrain.lazy import lazy_names

__all__ = ["Checkpoints", "TrainingState", "read_checkpoint"]

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "Checkpoints": "geartrain.resume.settings",
        "TrainingState": "geartrain.resume.state",
        "read_checkpoint": "geartrain.resume.checkpoint",
    },
)
