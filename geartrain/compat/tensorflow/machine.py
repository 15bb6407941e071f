"""`tf.config`, `tf.distribute`, `tf.test`: one machine, one CPU, one replica."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from geartrain import tree

_NO_GPU = "/device:CPU:0"


class PhysicalDevice(NamedTuple):
    """A device of the machine."""

    name: str
    device_type: str


class LogicalDevice(NamedTuple):
    """A device as programs see it."""

    name: str
    device_type: str


def list_physical_devices(device_type: Any = None) -> list[PhysicalDevice]:
    """The devices: the CPU, and no GPU."""
    return [PhysicalDevice("/physical_device:CPU:0", "CPU")] if device_type in (None, "CPU") else []


def list_logical_devices(device_type: Any = None) -> list[LogicalDevice]:
    """The devices: the CPU, and no GPU."""
    return [LogicalDevice(_NO_GPU, "CPU")] if device_type in (None, "CPU") else []


def get_visible_devices(device_type: Any = None) -> list[PhysicalDevice]:
    """The devices: the CPU, and no GPU."""
    return list_physical_devices(device_type)


def set_visible_devices(devices: Any, device_type: Any = None) -> None:
    """Do nothing: there is the CPU alone."""


def set_logical_device_configuration(device: Any, logical_devices: Any) -> None:
    """Do nothing: memory is not set aside."""


class LogicalDeviceConfiguration(NamedTuple):
    """What a program asks of a device."""

    memory_limit: Any = None
    experimental_priority: Any = None


def set_memory_growth(device: Any, enable: bool) -> None:
    """Do nothing: memory is taken as it is needed."""


def get_memory_growth(device: Any) -> bool:
    """Whether memory is taken as it is needed: always."""
    return True


def get_memory_info(device: Any) -> dict[str, int]:
    """The memory that is not a GPU's: none is counted."""
    return {"current": 0, "peak": 0}


def set_soft_device_placement(enabled: bool) -> None:
    """Do nothing: all is computed on the CPU."""


def enable_op_determinism() -> None:
    """Do nothing: the same seed gives the same bits."""


def set_intra_op_parallelism_threads(num_threads: int) -> None:
    """Accepted: the environment variable GEARTRAIN_THREADS says how many threads compute."""


def set_inter_op_parallelism_threads(num_threads: int) -> None:
    """Accepted: one program runs at a time."""


def set_jit(enabled: Any) -> None:
    """Do nothing: functions are compiled."""


def is_gpu_available(cuda_only: bool = False, min_cuda_compute_capability: Any = None) -> bool:
    """Whether there is a GPU: there is none."""
    return False


def gpu_device_name() -> str:
    """The name of the GPU: none."""
    return ""


def is_built_with_cuda() -> bool:
    """Whether it computes on GPUs: it does not."""
    return False


def get_logger() -> logging.Logger:
    """The logger `tensorflow`."""
    return logging.getLogger("tensorflow")


# -- one replica ----------------------------------------------------------------------------------


class Strategy:
    """A way to train on several devices, of which there is one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.arguments = args

    num_replicas_in_sync = 1
    extended = property(lambda self: self)

    @contextmanager
    def scope(self) -> Iterator[Strategy]:
        """A `with` block for making models."""
        yield self

    def run(self, fn: Any, args: Any = (), kwargs: Any = None, options: Any = None) -> Any:
        """What the function returns, on the one replica."""
        return fn(*args, **(kwargs or {}))

    def reduce(self, reduce_op: Any, value: Any, axis: Any) -> Any:
        """The values of all replicas together: the value itself, folded along an axis."""
        if axis is None:
            return value
        from geartrain.compat.tensorflow import reductions

        mean = str(getattr(reduce_op, "name", reduce_op)).upper() == "MEAN"
        fold = reductions.reduce_mean if mean else reductions.reduce_sum
        return tree.map_structure(lambda one: fold(one, axis), value)

    def experimental_distribute_dataset(self, dataset: Any, options: Any = None) -> Any:
        """The data set itself."""
        return dataset

    def distribute_datasets_from_function(self, dataset_fn: Any, options: Any = None) -> Any:
        """The data set that a function makes."""
        return dataset_fn(InputContext())

    def experimental_local_results(self, value: Any) -> tuple[Any, ...]:
        """The values of this machine."""
        return (value,)

    def gather(self, value: Any, axis: int) -> Any:
        """The values of all replicas side by side: the value itself."""
        return value


class InputContext:
    """Which part of the input a replica reads: all."""

    num_input_pipelines, input_pipeline_id, num_replicas_in_sync = 1, 0, 1

    def get_per_replica_batch_size(self, global_batch_size: int) -> int:
        """The batch size of one replica."""
        return global_batch_size


class MirroredStrategy(Strategy):
    """One replica on each device."""


class OneDeviceStrategy(Strategy):
    """All on one device."""


class MultiWorkerMirroredStrategy(Strategy):
    """One replica on each machine, of which there is one here."""


class CentralStorageStrategy(Strategy):
    """Variables in one place."""


class TPUStrategy(Strategy):
    """Replicas on TPUs. Raises ValueError: there are none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise ValueError(
            "tf.distribute.TPUStrategy: expected TPUs. There are none here: use "
            "tf.distribute.get_strategy()."
        )


class TPUClusterResolver:
    """Where TPUs are. Raises ValueError, as TensorFlow does where there are none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise ValueError("Please provide a TPU Name to connect to: there are no TPUs here.")

    @classmethod
    def connect(cls, *args: Any, **kwargs: Any) -> Any:
        """Raise ValueError: there are none."""
        return cls()


class ReduceOp:
    """How the values of replicas are put together."""

    SUM, MEAN = "SUM", "MEAN"


_default = Strategy()


def get_strategy() -> Strategy:
    """The way to train on one device."""
    return _default


def has_strategy() -> bool:
    """Whether another way was chosen: never."""
    return False


def get_replica_context() -> Any:
    """The one replica."""
    return _Replica()


def in_cross_replica_context() -> bool:
    """Whether the code is outside of replicas."""
    return False


class _Replica:
    """The one replica."""

    num_replicas_in_sync, replica_id_in_sync_group = 1, 0

    def all_reduce(self, reduce_op: Any, value: Any, options: Any = None) -> Any:
        """The value itself."""
        return value


# -- tests ----------------------------------------------------------------------------------------


def _test_case() -> Any:
    import unittest

    class TestCase(unittest.TestCase):
        """A test with what compares tensors."""

        def assertAllClose(
            self, a: Any, b: Any, rtol: float = 1e-6, atol: float = 1e-6, msg: Any = None
        ) -> None:
            """Fail where elements are apart."""
            np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=rtol, atol=atol)

        def assertAllEqual(self, a: Any, b: Any, msg: Any = None) -> None:
            """Fail where elements differ."""
            np.testing.assert_array_equal(np.asarray(a), np.asarray(b))

        def assertShapeEqual(self, a: Any, b: Any, msg: Any = None) -> None:
            """Fail where shapes differ."""
            self.assertEqual(tuple(a.shape), tuple(b.shape))

        def evaluate(self, tensors: Any) -> Any:
            """The values of tensors."""
            return tree.map_structure(np.asarray, tensors)

    return TestCase


def main(argv: Any = None) -> None:
    """Run the tests of the program."""
    import unittest

    unittest.main(argv=argv)


def __getattr__(name: str) -> Any:
    if name == "TestCase":
        return _test_case()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "CentralStorageStrategy", "InputContext", "LogicalDevice", "LogicalDeviceConfiguration",
    "MirroredStrategy", "MultiWorkerMirroredStrategy", "OneDeviceStrategy", "PhysicalDevice",
    "ReduceOp", "Strategy", "TPUClusterResolver", "TPUStrategy",
]  # fmt: skip
