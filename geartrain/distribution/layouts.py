"""Meshes of devices, and how tensors would lie on them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, MutableMapping
from typing import Any

import numpy as np

from geartrain.distribution.devices import list_devices
from geartrain.errors import shown


class DeviceMesh:
    """Devices in rows and columns, with a name for each axis.

    Args:
        shape: the sizes of the axes: `(8,)` to share out data, `(4, 2)` for data and models.
        axis_names: a name for each axis.
        devices: names of devices; all that `list_devices` tells by default.

    Raises ValueError for sizes without names, and for another number of devices.

    >>> DeviceMesh((2,), ["batch"], ["cpu:0", "cpu:1"])
    <DeviceMesh shape=(2,), axis_names=['batch']>
    """

    def __init__(self, shape: Any, axis_names: Any, devices: Any = None) -> None:
        if not shape or not axis_names:
            raise ValueError(
                "Shape and axis_names cannot be empty. Received: "
                f"shape={shape}, axis_names={axis_names}. Write DeviceMesh((2,), ['batch'])."
            )
        if len(shape) != len(axis_names):
            raise ValueError(
                "Shape and axis_names should have same size. Received: "
                f"shape={shape}, axis_names={axis_names}. Name each axis."
            )
        found = np.array(list_devices() if devices is None else devices)
        if math.prod(shape) != found.size:
            raise ValueError(
                "Shape does not match the number of devices. Received: "
                f"shape={shape}; devices.shape={found.shape}. Start as many ranks as the mesh has "
                "places: geartrain launch -n N script.py"
            )
        self._shape, self._axis_names = shape, axis_names
        self._devices = np.reshape(found, shape)

    @property
    def shape(self) -> Any:
        """The sizes of the axes."""
        return self._shape

    @property
    def axis_names(self) -> Any:
        """The names of the axes."""
        return self._axis_names

    @property
    def devices(self) -> np.ndarray:
        """The devices, in that shape."""
        return self._devices

    @property
    def backend_mesh(self) -> DeviceMesh:
        """The mesh itself: there is no other one behind it."""
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__} shape={self.shape}, axis_names={self.axis_names}>"


class TensorLayout:
    """Along which axes of a mesh the axes of a tensor lie.

    Args:
        axes: for each axis of the tensor the name of one of the mesh; None where it is whole.
        device_mesh: the mesh.

    Raises ValueError for names that the mesh does not have.

    >>> TensorLayout(("batch", None))
    <TensorLayout axes=('batch', None), device_mesh=None>
    """

    def __init__(self, axes: Any, device_mesh: DeviceMesh | None = None) -> None:
        self._axes, self._device_mesh = tuple(axes), device_mesh
        self._check()

    @property
    def axes(self) -> tuple[str | None, ...]:
        """The names, axis by axis."""
        return self._axes

    @property
    def device_mesh(self) -> DeviceMesh | None:
        """The mesh; it can be set once."""
        return self._device_mesh

    @device_mesh.setter
    def device_mesh(self, device_mesh: DeviceMesh) -> None:
        if self._device_mesh is not None:
            raise ValueError(
                "Cannot override device mesh value. Existing value is "
                f"{self._device_mesh}. Received: {device_mesh}. Make another TensorLayout."
            )
        self._device_mesh = device_mesh
        self._check()

    @property
    def backend_layout(self) -> TensorLayout:
        """The layout itself, once it has a mesh."""
        if self._device_mesh is None:
            raise ValueError(
                "TensorLayout: expected a device mesh. Received: device_mesh=None. Set it: "
                "layout.device_mesh = mesh"
            )
        return self

    def _check(self) -> None:
        if self._device_mesh is None:
            return
        valid = set(self._device_mesh.axis_names)
        if set(self._axes) - {None} - valid:
            raise ValueError(
                "Invalid axis names for Layout. Valid axis "
                f"names: {sorted(valid)}. Received: {shown(self._axes)}"
            )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} axes={self.axes}, device_mesh={self.device_mesh}>"


class LayoutMap(MutableMapping[str, Any]):
    """Layouts by the paths of variables; a key is a pattern that the whole path has to match.

    Args:
        device_mesh: the mesh of layouts that are given as plain tuples of names.

    Raises ValueError for a key that is there already, for what is no layout, and for a path that
    several patterns match.

    >>> layouts = LayoutMap(None)
    >>> layouts["dense.*kernel"] = (None, "model")
    >>> layouts["dense_1/kernel"].axes, layouts["conv/kernel"]
    ((None, 'model'), None)
    """

    def __init__(self, device_mesh: DeviceMesh | None) -> None:
        self._layouts: dict[str, TensorLayout] = {}
        self._device_mesh = device_mesh

    def __getitem__(self, key: str) -> TensorLayout | None:
        if key in self._layouts:
            return self._layouts[key]
        matching = [pattern for pattern in self._layouts if re.fullmatch(pattern, key)]
        if len(matching) > 1:
            raise ValueError(
                f"LayoutMap: Path '{key}' matches multiple layout specification keys: expected "
                f"one pattern for it. Received: {matching}"
            )
        return self._layouts[matching[0]] if matching else None

    def __setitem__(self, key: str, layout: Any) -> None:
        if key in self._layouts:
            raise ValueError(
                f"{key} already exist in the LayoutMap with value {self._layouts[key]}. "
                f"Received: {shown(layout)}. Delete the key first."
            )
        made = TensorLayout(layout) if isinstance(layout, tuple) else layout
        if not isinstance(made, TensorLayout):
            raise ValueError(
                f"LayoutMap: {shown(layout)} should be a TensorLayout type, or a tuple of names. "
                f"Received: {type(layout).__name__}"
            )
        if made.device_mesh is None and self.device_mesh is not None:
            made.device_mesh = self.device_mesh
        self._layouts[key] = made

    def __delitem__(self, key: str) -> None:
        del self._layouts[key]

    def __len__(self) -> int:
        return len(self._layouts)

    def __iter__(self) -> Iterator[str]:
        return iter(self._layouts)

    @property
    def device_mesh(self) -> DeviceMesh | None:
        """The mesh."""
        return self._device_mesh


def distribute_tensor(tensor: Any, layout: Any) -> Any:
    """The tensor as it is: every rank holds it whole.

    Args:
        tensor: any tensor.
        layout: a `TensorLayout`, which is only checked.

    Raises TypeError for what is no layout.

    >>> distribute_tensor([1.0, 2.0], TensorLayout((None,)))
    [1.0, 2.0]
    """
    if not isinstance(layout, TensorLayout):
        raise TypeError(
            f"distribute_tensor: expected a TensorLayout. Received: layout={shown(layout)}"
        )
    return tensor
