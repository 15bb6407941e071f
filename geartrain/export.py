"""Exporting several functions of a model at once, for other runtimes."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from geartrain import tree
from geartrain.errors import describe_value, shown, unknown_keywords, warn
from geartrain.files import make_folder, replacing_folder
from geartrain.layers import Input
from geartrain.layers.layer import Layer
from geartrain.models import Functional, Model
from geartrain.runtime.variable import Variable
from geartrain.saving.onnx.export.model_file import export_onnx

__all__ = ["ExportArchive"]


class ExportArchive:
    """Functions to export, each under a name: its endpoint.

    Where Keras writes a SavedModel, which only TensorFlow reads and runs, this writes a folder with
    an ONNX file for each endpoint, `serve.onnx` and so on: ONNX Runtime and many others run these,
    and `keras.models.load_model` reads them. `write_out` says so once.

    >>> import tempfile
    >>> from geartrain import InputSpec, Sequential, layers, models
    >>> model = Sequential([layers.Input((3,)), layers.Dense(2)])
    >>> archive = ExportArchive()
    >>> archive.track(model)
    >>> _ = archive.add_endpoint("serve", model.call, [InputSpec(shape=(None, 3), dtype="float32")])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     archive.write_out(Path(folder, "artifact"), verbose=False)
    ...     models.load_model(Path(folder, "artifact", "serve.onnx")).output_shape
    (None, 2)
    """

    def __init__(self) -> None:
        self._endpoints: dict[str, tuple[Model, Any]] = {}  # a model, and its input_signature
        self._tracked: list[Layer] = []

    @property
    def variables(self) -> list[Variable]:
        """The variables of what is tracked."""
        return list(dict.fromkeys(one for layer in self._tracked for one in layer.variables))

    @property
    def trainable_variables(self) -> list[Variable]:
        """Those that optimizers update."""
        return [one for one in self.variables if one.trainable]

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The others."""
        return [one for one in self.variables if not one.trainable]

    def track(self, resource: Any) -> None:
        """Take note of a layer or model whose variables endpoints use.

        Raises ValueError for anything else, and for one that is not built.
        """
        if not isinstance(resource, Layer):
            raise ValueError(
                "ExportArchive.track: Invalid resource type: expected a Keras `Layer` or `Model`. "
                f"Received: {shown(resource)}"
            )
        if not resource.built:
            raise ValueError(
                "ExportArchive.track: The layer provided has not yet been built. Received: "
                f"{resource._who()}. Call it on some data, or its build, first."
            )
        if resource not in self._tracked:
            self._tracked.append(resource)

    def add_endpoint(
        self, name: str, fn: Callable[..., Any], input_signature: Any = None, **kwargs: Any
    ) -> Callable[..., Any]:
        """Add a function under a name.

        Args:
            name: the name, which is that of a file.
            fn: a function of tensors, such as `model.call` or one of your own that calls layers
                and ops; or a model or layer.
            input_signature: the shapes and dtypes of its arguments, as a list of `InputSpec`,
                symbolic tensors or arrays; not needed for a built model.
            kwargs: `is_static` and `jax2tf_kwargs` of Keras on JAX are of no use here.

        Returns `fn`.

        Raises ValueError for a name that is taken or is none, a signature that is missing, and a
        function that does not fit it.
        """
        if kwargs:
            raise unknown_keywords(
                "ExportArchive.add_endpoint", kwargs, ("name", "fn", "input_signature")
            )
        if name in self._endpoints:
            raise ValueError(
                f"ExportArchive.add_endpoint: Endpoint name '{name}' is already taken. Received: "
                f"it again, besides {', '.join(self._endpoints)}. Choose another."
            )
        if not isinstance(name, str) or not name or Path(name).name != name or name[0] == ".":
            raise ValueError(
                "ExportArchive.add_endpoint: expected a name that a file can have. Received: "
                f"{describe_value(name)}"
            )
        self._endpoints[name] = _model_of(name, fn, input_signature)
        return fn

    def track_and_add_endpoint(
        self, name: str, resource: Any, input_signature: Any, **kwargs: Any
    ) -> Callable[..., Any]:
        """`track` a layer or model, and `add_endpoint` for calling it."""
        self.track(resource)
        return self.add_endpoint(name, resource, input_signature, **kwargs)

    def add_variable_collection(self, name: str, variables: Any) -> None:
        """Refused: an ONNX file has the variables that it uses, and no collections.

        Raises ValueError for what are no variables, else NotImplementedError.
        """
        if not isinstance(variables, list | tuple | set):
            raise ValueError(
                "ExportArchive.add_variable_collection: Expected `variables` to be a "
                f"list/tuple/set. Received: {describe_value(variables)}"
            )
        raise NotImplementedError(
            "ExportArchive.add_variable_collection: ONNX files have no collections of variables. "
            f"Received: {name!r}. Save weights by model.save_weights('name.safetensors')."
        )

    def write_out(self, filepath: Any, options: Any = None, verbose: bool = True) -> None:
        """Write all endpoints: an ONNX file each, in a folder that is replaced as a whole.

        Args:
            filepath: the folder. With a single endpoint it may be a file that ends in `.onnx`.
            options: those of SavedModels, without effect.
            verbose: whether to print what was written.

        Raises:
            ValueError: there are no endpoints, or one does what ONNX cannot say.
            OSError: the folder cannot be written, or holds other files.
            ImportError: without the package onnx, which `geartrain[onnx]` installs.
        """
        if not self._endpoints:
            raise ValueError(
                "ExportArchive.write_out: No endpoints have been set yet. Call add_endpoint()."
            )
        if options is not None:
            warn(
                "ExportArchive.write_out: options are those of SavedModels, and of no use for ONNX."
            )
        path = Path(os.fspath(filepath))
        files = {name: f"{name}.onnx" for name in self._endpoints}
        if path.suffix == ".onnx" and len(files) == 1:
            for model, signature in self._endpoints.values():
                export_onnx(model, path, verbose=False, input_signature=signature)
            files = dict.fromkeys(files, path.name)
        else:
            make_folder(path.parent)
            with replacing_folder(path, _onnx_files(path)) as folder:
                for name, (model, signature) in self._endpoints.items():
                    target = folder / files[name]
                    export_onnx(model, target, verbose=False, input_signature=signature)
        if verbose:
            lines = [f"* Endpoint '{name}': {file}" for name, file in files.items()]
            print(
                f"Saved artifact at '{path}', in the format ONNX. The following endpoints are "
                "available:\n\n" + "\n".join(lines)
            )


def _onnx_files(folder: Path) -> list[str]:
    """The names of files of earlier endpoints, which may be replaced."""
    return [one.name for one in folder.glob("*.onnx")] if folder.is_dir() else []


def _model_of(name: str, fn: Any, signature: Any) -> tuple[Model, Any]:
    """The model that stands for a function, and the signature to export it with."""
    owner = getattr(fn, "__self__", None)
    if isinstance(owner, Layer) and getattr(fn, "__name__", "") in ("call", "__call__"):
        fn = owner
    if isinstance(fn, Model) and (signature is not None or fn.built):
        return fn, signature
    if not callable(fn):
        raise ValueError(
            "ExportArchive.add_endpoint: expected fn to be a function, a layer or a model. "
            f"Received: {shown(fn)}"
        )
    if signature is None:
        raise ValueError(
            "ExportArchive.add_endpoint: you must provide an `input_signature` argument: the "
            f"shapes and dtypes of the arguments of endpoint {name!r}. Received: None. Write "
            "input_signature=[keras.InputSpec(shape=(None, ...), dtype='float32')]."
        )
    arguments = signature if isinstance(signature, list | tuple) else [signature]
    inputs = tree.map_structure(_input, list(arguments))
    return Functional(inputs, fn(*inputs), name=name), None


def _input(spec: Any) -> Any:
    shape = getattr(spec, "shape", None)
    if shape is None:
        raise ValueError(
            "ExportArchive.add_endpoint: expected input_signature as InputSpec with shapes, "
            f"symbolic tensors or arrays. Received: {describe_value(spec)}"
        )
    dtype = str(getattr(spec, "dtype", None) or "float32")
    named = getattr(spec, "name", None)
    return Input(batch_shape=tuple(shape), dtype=dtype, name=named)
