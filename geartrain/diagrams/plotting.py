"""`plot_model` and `model_to_dot`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from geartrain import files
from geartrain.diagrams import rendering
from geartrain.diagrams.dot import Dot, dot_text, graphviz, run_graphviz
from geartrain.diagrams.drawing import draw
from geartrain.diagrams.structure import Group, Options, structure_of
from geartrain.errors import describe_value, unknown_keywords, unknown_name, warn

_DIRECTIONS = ("TB", "BT", "LR", "RL")
_OWN_FORMATS = ("png", "pdf", "jpg", "jpeg", "ps", "eps")  # which matplotlib draws
_SPLINES = ("ortho", "curved", "polyline", "spline", "line", "true", "false", "none", "compound")


def model_to_dot(
    model: Any, show_shapes: bool = False, show_dtype: bool = False, show_layer_names: bool = True,
    rankdir: str = "TB", expand_nested: bool = False, dpi: int = 200, subgraph: bool = False,
    show_layer_activations: bool = False, show_trainable: bool = False, splines: str = "ortho",
    **kwargs: Any,
) -> Any:  # fmt: skip
    """A picture of a model in the language of Graphviz.

    Args:
        model: a model that is built.
        show_shapes: whether to show the shapes of what goes into layers and comes out.
        show_dtype: whether to show dtypes.
        show_layer_names: whether to show the names of layers, or their classes alone.
        rankdir: where lines lead: "TB" down, "BT" up, "LR" right, "RL" left.
        expand_nested: whether to show the layers of models inside the model.
        dpi: dots an inch.
        subgraph: whether to make a part of another picture.
        show_layer_activations: whether to show the activations of layers that have one.
        show_trainable: whether to show which layers are trained.
        splines: how lines are drawn: "ortho", "curved", "polyline", "spline" or "line".

    Returns:
        A `pydot.Dot`, or with `subgraph` a `pydot.Cluster`, if pydot is installed; else an object
        with `to_string()`, and with `write(path, format=)` and `create(format=)` by Graphviz.

    Raises ValueError for a model that is not built, and for other values than those named here.

    >>> from geartrain import Sequential, layers
    >>> model = Sequential([layers.Input((4,)), layers.Dense(2, name="a"), layers.ReLU(name="b")])
    >>> "n0 -> n1" in model_to_dot(model, show_shapes=True).to_string()
    True
    """
    _check("model_to_dot", model, rankdir, splines, kwargs)
    options = Options(
        show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable,
        expand_nested,
    )  # fmt: skip
    text = dot_text(structure_of(model, options), rankdir, dpi, splines, subgraph)
    try:
        import pydot
    except ImportError:
        return Dot(text)
    if subgraph:
        (whole,) = pydot.graph_from_dot_data(f"digraph {{ {text} }}")
        return whole.get_subgraphs()[0]
    (whole,) = pydot.graph_from_dot_data(text)
    return whole


def plot_model(
    model: Any, to_file: Any = "model.png", show_shapes: bool = False, show_dtype: bool = False,
    show_layer_names: bool = False, rankdir: str = "TB", expand_nested: bool = False,
    dpi: int = 200, show_layer_activations: bool = False, show_trainable: bool = False,
    splines: str = "ortho", **kwargs: Any,
) -> Any:  # fmt: skip
    """Draw a model into a file.

    Graphviz draws it where it is installed. Elsewhere we do: `.svg` by ourselves, `.png` and `.pdf`
    with the help of matplotlib; without that, an `.svg` is written beside, with a warning.

    Args:
        model: a model that is built.
        to_file: the file; its ending says the format: `.png`, `.svg`, `.pdf`, `.dot`, and what
            else Graphviz has. Without an ending it is a PNG.
        show_shapes: whether to show the shapes of what goes into layers and comes out.
        show_dtype: whether to show dtypes.
        show_layer_names: whether to show the names of layers, or their classes alone.
        rankdir: where lines lead: "TB" down, "BT" up, "LR" right, "RL" left.
        expand_nested: whether to show the layers of models inside the model.
        dpi: dots an inch.
        show_layer_activations: whether to show the activations of layers that have one.
        show_trainable: whether to show which layers are trained.
        splines: how lines are drawn: "ortho", "curved", "polyline", "spline" or "line". Without
            Graphviz, lines are straight for "polyline" and "line", and curved else.

    Returns:
        In a notebook, the picture to display; else None.

    Raises ValueError for a model that is not built, and for other values than those named here;
    OSError where the file cannot be written.
    """
    _check("plot_model", model, rankdir, splines, kwargs)
    path = os.fspath(to_file)
    format = Path(path).suffix[1:].lower() or "png"
    options = Options(
        show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable,
        expand_nested,
    )  # fmt: skip
    group = structure_of(model, options)
    if format in ("dot", "gv", "raw"):
        content = dot_text(group, rankdir, dpi, splines).encode()
    elif graphviz() is not None:
        content = run_graphviz(dot_text(group, rankdir, dpi, splines), format)
    else:
        path, format, content = _drawn(group, path, format, rankdir, dpi, splines)
    with files.replacing(path) as stream:
        stream.write(content)
    return _shown(path, format, content)


def _drawn(
    group: Group, path: str, format: str, rankdir: str, dpi: int, splines: str
) -> tuple[str, str, bytes]:
    """The picture without Graphviz: where it goes, its format, its bytes."""
    turned = rankdir in ("LR", "RL")
    drawing = draw(group, rankdir)
    if format in _OWN_FORMATS:
        try:
            return path, format, rendering.by_matplotlib(drawing, splines, turned, format, dpi)
        except ImportError:
            other = str(Path(path).with_suffix(".svg"))
            warn(
                f"plot_model: expected Graphviz or matplotlib, to draw {path!r}. Received: neither "
                f"on this machine. Wrote {other!r} instead, which a browser shows. For PNG: pip "
                "install geartrain[plots]"
            )
            path, format = other, "svg"
    if format != "svg":
        raise ValueError(
            f"plot_model: expected to_file to end in .svg, .dot or one of "
            f"{', '.join(f'.{one}' for one in _OWN_FORMATS)}. Received: {path!r}. Other formats "
            "need Graphviz."
        )
    return path, format, rendering.svg(drawing, splines, turned)


def _shown(path: str, format: str, content: bytes) -> Any:
    """The picture to display, in a notebook."""
    if "IPython" not in sys.modules:
        return None
    from IPython import display

    if format == "svg":
        return display.SVG(data=content.decode())
    return display.Image(filename=path) if format in ("png", "jpg", "jpeg") else None


def _check(who: str, model: Any, rankdir: str, splines: Any, kwargs: dict[str, Any]) -> None:
    if not hasattr(model, "built") or not hasattr(model, "layers"):
        raise TypeError(f"{who}: expected a model. Received: {describe_value(model)}")
    if not model.built:
        raise ValueError(
            f"{who}: This model has not yet been built, so its shapes are not known. Received: "
            f"{model._who()}. Build it first by calling `build()` or by calling it on a batch."
        )
    if rankdir not in _DIRECTIONS:
        raise unknown_name(f"rankdir of {who}", rankdir, _DIRECTIONS)
    if str(splines).lower() not in _SPLINES:
        raise unknown_name(f"splines of {who}", splines, _SPLINES)
    if kwargs.pop("layer_range", None) is not None:
        raise ValueError(
            f"{who}: Argument `layer_range` is no longer supported. Draw a part of the model: "
            "keras.Model(inputs, outputs) of the layers to show."
        )
    if kwargs:
        function = model_to_dot if who == "model_to_dot" else plot_model
        names = function.__code__.co_varnames[: function.__code__.co_argcount]
        raise unknown_keywords(who, kwargs, names)
