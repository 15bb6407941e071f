"""How models are trained by several ranks: each computes its part of every batch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from geartrain.distribution import current
from geartrain.distribution.layouts import DeviceMesh, LayoutMap, TensorLayout
from geartrain.errors import shown, warn

SHARDS = 8
BATCH = "batch"


class Distribution:
    """What distributions have in common.

    Args:
        device_mesh: a `DeviceMesh`.
        batch_dim_name: the name of the axis along which data are shared out.
        auto_shard_dataset: True only: every rank is given all data, and reads its part of them.

    Raises ValueError for `auto_shard_dataset=False`.
    """

    def __init__(
        self, device_mesh: DeviceMesh, batch_dim_name: str | None = None,
        auto_shard_dataset: bool = True,
    ) -> None:  # fmt: skip
        self._device_mesh, self._batch_dim_name = device_mesh, batch_dim_name
        self.auto_shard_dataset = auto_shard_dataset
        self._shards = SHARDS

    @property
    def shards(self) -> int:
        """How many shards each batch is cut into, 8 unless set: the unit of work, and of sums.

        Results have the same bits for any number of ranks and threads, but other ones for another
        number of shards. More ranks than shards have nothing to do.
        """
        return self._shards

    @shards.setter
    def shards(self, value: int) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(
                f"{type(self).__name__}.shards: expected a whole number of 1 or more. "
                f"Received: {shown(value)}"
            )
        self._shards = value

    @property
    def num_processes(self) -> int:
        """How many ranks there are."""
        return current.ranks().size

    @property
    def num_model_replicas(self) -> int:
        """How many copies of the model there are."""
        raise NotImplementedError(
            "Distribution: expected a kind that tells how many copies of the model there are. "
            f"Received: {type(self).__name__}. Use DataParallel."
        )

    @property
    def data_shard_id(self) -> int:
        """The number of this rank."""
        return current.ranks().rank

    @property
    def device_mesh(self) -> DeviceMesh:
        """The mesh."""
        return self._device_mesh

    @property
    def batch_dim_name(self) -> str | None:
        """The name of the axis along which data are shared out."""
        return self._batch_dim_name

    @property
    def auto_shard_dataset(self) -> bool:
        """Whether each rank is given all data, and reads its part of them: always."""
        return True

    @auto_shard_dataset.setter
    def auto_shard_dataset(self, value: bool) -> None:
        if not value:
            raise ValueError(
                f"{type(self).__name__}: expected auto_shard_dataset=True. Received: "
                f"{shown(value)}. Give every rank all data: of arrays and files each reads only "
                "its own part."
            )

    def get_data_layout(self, data_shape: Any) -> TensorLayout:
        """The layout of data of a shape: shared out along the first axis."""
        return TensorLayout([self.batch_dim_name, *[None] * (len(data_shape) - 1)], self._mesh)

    def get_variable_layout(self, variable: Any) -> TensorLayout:
        """The layout of a variable: whole at every rank, unless it was given another one."""
        own = getattr(variable, "_layout", None)
        return own if own is not None else TensorLayout([None] * len(variable.shape), self._mesh)

    def get_tensor_layout(self, path: str) -> TensorLayout | None:
        """The layout of a tensor within a model: none."""
        return None

    @property
    def _mesh(self) -> DeviceMesh:
        return self._device_mesh

    def distribute_dataset(self, dataset: Any) -> Any:
        """The data set as it is: `fit` lets each rank take its part of each batch."""
        return dataset

    @contextmanager
    def scope(self) -> Iterator[None]:
        """A `with` block in which this is the distribution."""
        before = current.distribution()
        current.set_distribution(self)
        try:
            yield
        finally:
            current.set_distribution(before)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} device_mesh={self.device_mesh}>"


class DataParallel(Distribution):
    """Every rank has the whole model, and computes its part of each batch.

    A batch is cut into `shards`, and what they come to is added up in one order, whichever rank
    computes them: so any number of ranks and threads, also one, gives the same bits. Sums, means
    and extremes over the batch, as in losses, metrics and `BatchNormalization`, are those of the
    whole batch, and random numbers those that each sample has in it.

    Args:
        device_mesh: a `DeviceMesh` with one axis.
        devices: names of devices, in place of a mesh; all by default.
        auto_shard_dataset: True only: see `Distribution`.

    Raises ValueError for what is no mesh.

    >>> parallel = DataParallel()
    >>> parallel, parallel.shards
    (<DataParallel device_mesh=<DeviceMesh shape=(1,), axis_names=['batch']>>, 8)
    """

    def __init__(
        self, device_mesh: Any = None, devices: Any = None, auto_shard_dataset: bool = True
    ) -> None:
        if device_mesh is None:
            from geartrain.distribution.devices import list_devices

            names = np.array(list_devices() if devices is None else devices)
            device_mesh = DeviceMesh(names.shape, [BATCH], names)
        if not isinstance(device_mesh, DeviceMesh):
            raise ValueError(
                "DataParallel: Expect `mesh` to be an instance of `DeviceMesh`. Received: mesh="
                f"{shown(device_mesh)} (of type {type(device_mesh).__name__})"
            )
        super().__init__(device_mesh, device_mesh.axis_names[0], auto_shard_dataset)
        if device_mesh.devices.ndim != 1:
            warn(
                "DataParallel: expected a mesh with one axis. Received: "
                f"{device_mesh.devices.ndim} axes. Data are shared out along the first."
            )

    @property
    def num_model_replicas(self) -> int:
        """How many copies of the model there are: one for each device."""
        return int(self.device_mesh.devices.size)


class ModelParallel(Distribution):
    """Accepted for meshes whose axes but the batch's have size 1: then it is `DataParallel`.

    Args:
        layout_map: a `LayoutMap`.
        batch_dim_name: the axis along which data are shared out; the first by default.
        auto_shard_dataset: True only: see `Distribution`.
        **kwargs: `device_mesh`, which the map has.

    Raises ValueError for what is no map, and for meshes over which weights would be shared out:
    here every rank holds the whole model.
    """

    def __init__(
        self, *, layout_map: Any = None, batch_dim_name: str | None = None,
        auto_shard_dataset: bool = True, **kwargs: Any,
    ) -> None:  # fmt: skip
        if layout_map is None:
            raise ValueError(
                "ModelParallel: You must specify a layout_map argument. Received: None"
            )
        if not isinstance(layout_map, LayoutMap):
            raise ValueError(
                "ModelParallel: Argument `layout_map` must be a `LayoutMap` instance. "
                f"Received: layout_map={shown(layout_map)}"
            )
        mesh = layout_map.device_mesh
        assert mesh is not None
        super().__init__(mesh, batch_dim_name or mesh.axis_names[0], auto_shard_dataset)
        if self.num_model_replicas != mesh.devices.size:
            raise ValueError(
                "ModelParallel: expected a mesh in which only the batch's axis is longer than 1. "
                f"Received: {mesh}. Every rank holds the whole model here: use DataParallel."
            )
        self._layout_map = layout_map

    @property
    def num_model_replicas(self) -> int:
        """The size of the batch's axis."""
        return int(self.device_mesh.shape[self.device_mesh.axis_names.index(self.batch_dim_name)])

    def get_variable_layout(self, variable: Any) -> TensorLayout:
        """The layout of a variable: its own, the map's, or whole at every rank."""
        own = getattr(variable, "_layout", None)
        found = own if own is not None else self._layout_map[variable.path]
        return found if found is not None else super().get_variable_layout(variable)

    def get_tensor_layout(self, path: str) -> TensorLayout | None:
        """The layout that the map has for a path."""
        return self._layout_map[path]
