# Written by scripts/stubs.py.
from geartrain.resume.checkpoint import read_checkpoint as read_checkpoint
from geartrain.resume.settings import Checkpoints as Checkpoints
from geartrain.resume.state import TrainingState as TrainingState

__all__ = ["Checkpoints", "TrainingState", "read_checkpoint"]
