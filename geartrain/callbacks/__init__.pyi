# Written by scripts/stubs.py.
from geartrain.callbacks.backup_and_restore import BackupAndRestore as BackupAndRestore
from geartrain.callbacks.callback import Callback as Callback
from geartrain.callbacks.callback_list import CallbackList as CallbackList
from geartrain.callbacks.csv_logger import CSVLogger as CSVLogger
from geartrain.callbacks.early_stopping import EarlyStopping as EarlyStopping
from geartrain.callbacks.history import History as History
from geartrain.callbacks.lambda_callback import LambdaCallback as LambdaCallback
from geartrain.callbacks.learning_rate_finder import LearningRateFinder as LearningRateFinder
from geartrain.callbacks.learning_rate_scheduler import (
    LearningRateScheduler as LearningRateScheduler,
)
from geartrain.callbacks.model_checkpoint import ModelCheckpoint as ModelCheckpoint
from geartrain.callbacks.overfit_one_batch import OverfitOneBatch as OverfitOneBatch
from geartrain.callbacks.progbar_logger import ProgbarLogger as ProgbarLogger
from geartrain.callbacks.reduce_lr_on_plateau import ReduceLROnPlateau as ReduceLROnPlateau
from geartrain.callbacks.remote_monitor import RemoteMonitor as RemoteMonitor
from geartrain.callbacks.swap_ema_weights import SwapEMAWeights as SwapEMAWeights
from geartrain.callbacks.tensorboard import TensorBoard as TensorBoard
from geartrain.callbacks.terminate_on_nan import TerminateOnNaN as TerminateOnNaN
from geartrain.page.live import LivePage as LivePage

__all__ = [
    "BackupAndRestore",
    "CSVLogger",
    "Callback",
    "CallbackList",
    "EarlyStopping",
    "History",
    "LambdaCallback",
    "LearningRateFinder",
    "LearningRateScheduler",
    "LivePage",
    "ModelCheckpoint",
    "OverfitOneBatch",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "RemoteMonitor",
    "SwapEMAWeights",
    "TensorBoard",
    "TerminateOnNaN",
]
