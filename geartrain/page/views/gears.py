"""Gears: a layer or the whole network, from its formula to machine code and its time."""

from __future__ import annotations

from typing import Any

import numpy as np

from geartrain import models
from geartrain.explanation import explain
from geartrain.page import walk
from geartrain.page.code import layer_code
from geartrain.page.control import alone
from geartrain.page.probe import probe_of
from geartrain.page.subject import Subject

STAGES = ("formula", "naive", "graph", "passes", "loops", "llvm", "assembly", "profile")
BATCH = 128


def opened(subject: Subject, layer: str = "", stage: str = "loops") -> dict[str, Any]:
    """One stage of what became of a layer, or of the network, in lines that know their kernel.

    Args:
        layer: its name; the whole network if empty.
        stage: one of `STAGES`.
    """
    if stage not in STAGES:
        raise ValueError(f"expected one of {', '.join(STAGES)}. Received: {stage!r}")
    probe = probe_of(subject)
    names = [one.name for one in probe.layers]
    if layer and layer not in names:
        raise ValueError(f"expected one of {', '.join(names)}. Received: {layer!r}")
    key = (subject.model, layer)
    known = subject.kept.get("explained")
    if known is None or known[0] != key:
        known = subject.kept["explained"] = (key, (_explained(probe, layer), {}))
    explanation, stages = known[1]
    if stage not in stages or stage == "profile":  # which is measured anew
        stages[stage] = explanation.lines(stage)
    lines, cut = stages[stage]
    return {
        "layers": names, "stages": STAGES, "cut": cut, "lines": lines,
        "formula": _formula(probe, layer), "code": [layer_code(one) for one in probe.layers],
    }  # fmt: skip


def _explained(probe: Any, layer: str) -> Any:
    """The explanation of a network, or of one of its layers alone."""
    model = probe.model
    if layer:
        found = next(one for one in probe.layers if one.name == layer)
        model = models.Model(found.input, found.output, name=probe.model.name)
    shape = tuple(size or 16 for size in model.inputs[0].shape[1:])
    random = np.random.default_rng(0)
    x = random.random((BATCH, *shape), "float32").astype(model.inputs[0].dtype)
    return explain(model, x)


def _formula(probe: Any, layer: str) -> str:
    """What a layer computes, in TeX, with the layer's own names."""
    chosen = [one for one in probe.layers if one.name == layer] or probe.layers
    lines = r" \\ ".join(tex(one) for one in chosen)
    return rf"\begin{{aligned}} {lines} \end{{aligned}}"


def tex(layer: Any) -> str:
    r"""A layer's formula in TeX, to be aligned at the equals sign.

    >>> from geartrain import layers
    >>> print(tex(layers.Dense(2, activation="relu", name="hidden")))
    \text{hidden} &= \mathrm{relu}(x \cdot \text{hidden.kernel} + \text{hidden.bias})
    """
    name = layer.name.replace("_", r"\_")
    kind = type(layer).__name__
    activation = getattr(getattr(layer, "activation", None), "__name__", "linear")
    whole = rf"\mathrm{{{kind}}}(x)"
    if kind == "Dense" or kind.startswith("Conv"):
        times = r"\cdot" if kind == "Dense" else r"\ast"
        bias = rf" + \text{{{name}.bias}}" if layer.use_bias else ""
        whole = rf"x {times} \text{{{name}.kernel}}{bias}"
        if activation != "linear":
            whole = rf"\mathrm{{{activation}}}({whole})"
    return rf"\text{{{name}}} &= {whole}"


@alone
def walked(subject: Subject, step: Any = 0) -> dict[str, Any]:
    """One step of the walk from a naive loop to machine code, with its time on this machine."""
    del subject
    return walk.measured(int(step))


ASKED = {("GET", "open"): opened, ("GET", "walk"): walked}
