"""Callbacks: what watches `fit`, `evaluate` and `predict`, and may take part."""

from geartrain.lazy import lazy_names, within

_PLACES = {
    "backup_and_restore": "BackupAndRestore",
    "callback": "Callback",
    "callback_list": "CallbackList",
    "csv_logger": "CSVLogger",
    "early_stopping": "EarlyStopping",
    "history": "History",
    "lambda_callback": "LambdaCallback",
    "learning_rate_finder": "LearningRateFinder",
    "learning_rate_scheduler": "LearningRateScheduler",
    "model_checkpoint": "ModelCheckpoint",
    "overfit_one_batch": "OverfitOneBatch",
    "progbar_logger": "ProgbarLogger",
    "reduce_lr_on_plateau": "ReduceLROnPlateau",
    "remote_monitor": "RemoteMonitor",
    "swap_ema_weights": "SwapEMAWeights",
    "tensorboard": "TensorBoard",
    "terminate_on_nan": "TerminateOnNaN",
}
_names = {**within(__name__, _PLACES), "LivePage": "geartrain.page.live"}

__all__ = [*_names]

__getattr__, __dir__ = lazy_names(__name__, _names)
