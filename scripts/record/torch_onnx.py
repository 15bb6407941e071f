"""Record networks that PyTorch exports to ONNX, for the tests of loading such files.

    pip install torch onnx onnxscript
    python scripts/record/torch_onnx.py

Writes `tests/recorded/torch_onnx/<network>.<exporter>.onnx`, and `torch_onnx.npz` beside: for each
network its inputs, PyTorch's outputs, a target, and the losses of 20 steps of gradient descent.
Exported are both forms that PyTorch has: "script" (`dynamo=False`) and "dynamo".
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import torch
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from record.torch_networks import NETWORKS

FOLDER = Path(__file__).resolve().parents[2] / "tests" / "recorded" / "torch_onnx"
RATE, STEPS = 0.05, 20
NOT_EXPORTED = {  # by PyTorch 2.13 itself: an error of its own, an operator it has no symbol for
    "encoder_layer": ("script",),
    "shuffled": ("script",),
}


def export(model: nn.Module, inputs: tuple, path: Path, exporter: str) -> None:
    """Write the model in inference mode, its first axis free and batch normalizations apart."""
    torch.backends.mha.set_fastpath_enabled(False)
    names = [f"x{number}" for number in range(len(inputs))]
    if exporter == "script":
        torch.onnx.export(
            model, inputs, path, dynamo=False, input_names=names, output_names=["y"],
            dynamic_axes={name: {0: "batch"} for name in [*names, "y"]}, opset_version=17,
            training=torch.onnx.TrainingMode.PRESERVE,
        )  # fmt: skip
    else:
        batch = torch.export.Dim("batch", min=2)
        shapes = tuple({0: batch} for _ in inputs)
        if hasattr(model, "run"):  # its arguments are *inputs
            shapes = (shapes,)
        torch.onnx.export(
            model, inputs, path, dynamo=True, input_names=names, output_names=["y"],
            dynamic_shapes=shapes, external_data=False, verbose=False, optimize=True,
        )  # fmt: skip


def stripped(path: Path) -> None:
    """Take out what says how the file came about: most of a small file's bytes."""
    import onnx

    model = onnx.load(path)
    del model.metadata_props[:], model.graph.metadata_props[:], model.graph.value_info[:]
    for part in (*model.graph.node, *model.graph.initializer, *model.graph.input):
        part.doc_string = ""
        del part.metadata_props[:]
    onnx.save(model, path)


def losses(model: nn.Module, inputs: tuple, target: torch.Tensor) -> list[float]:
    """The mean squared error before each step.

    PyTorch adds two biases to the gates of an LSTM and an RNN, Keras their sum: one is held, as
    both would go twice as far. A GRU has two in Keras as well.
    """
    model.train()
    for part in model.modules():
        if isinstance(part, nn.LSTM | nn.RNN):
            for name, parameter in part.named_parameters():
                parameter.requires_grad_("bias_hh" not in name)
    trained = [one for one in model.parameters() if one.requires_grad]
    optimizer = torch.optim.SGD(trained, RATE)
    found = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(*inputs), target)
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    return found


def trained_a_little(model: nn.Module) -> None:
    """Move what begins alike: exporters store equal tensors once, and leave zeros out."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.numel() > 1 and parameter.min() == parameter.max():
                parameter.add_(torch.randn_like(parameter), alpha=0.1)
        for part in model.modules():
            if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d):
                part.running_mean.normal_(0, 0.2)
                part.running_var.uniform_(0.5, 1.5)


def record(names: list[str], folder: Path = FOLDER) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, np.ndarray] = {}
    for name in NETWORKS:
        torch.manual_seed(len(name))
        model, inputs = NETWORKS[name]()
        trained_a_little(model)
        model.eval()
        with torch.no_grad():
            output = model(*inputs)
        target = torch.rand_like(output)
        if not names or name in names:
            for exporter in ("script", "dynamo"):
                path = folder / f"{name}.{exporter}.onnx"
                if exporter not in NOT_EXPORTED.get(name, ()):
                    export(model, inputs, path, exporter)
                    stripped(path)
        arrays |= {f"{name}/x{i}": x.numpy() for i, x in enumerate(inputs)}
        arrays[f"{name}/y"], arrays[f"{name}/target"] = output.numpy(), target.numpy()
        arrays[f"{name}/losses"] = np.array(losses(model, inputs, target), np.float32)
    np.savez_compressed(folder.with_suffix(".npz"), **arrays)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    record(sys.argv[1:])
