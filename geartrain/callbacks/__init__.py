"""Callbacks: what watches `fit`, `evaluate` and `predict`, and may take part."""

from geartrain.callbacks.callback import Callback
from geartrain.callbacks.callback_list import CallbackList
from geartrain.callbacks.csv_logger import CSVLogger
from geartrain.callbacks.early_stopping import EarlyStopping
from geartrain.callbacks.history import History
from geartrain.callbacks.lambda_callback import LambdaCallback
from geartrain.callbacks.learning_rate_scheduler import LearningRateScheduler
from geartrain.callbacks.model_checkpoint import ModelCheckpoint
from geartrain.callbacks.progbar_logger import ProgbarLogger
from geartrain.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau
from geartrain.callbacks.terminate_on_nan import TerminateOnNaN

__all__ = [
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "TerminateOnNaN",
]
