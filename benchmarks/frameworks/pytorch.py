"""PyTorch: eager, compiled, or with the channels last in memory."""

from __future__ import annotations

import torch
from torch import nn

from frameworks import Unavailable, timed

ACTIVATIONS = {"relu": [nn.ReLU], "softmax": [], "sigmoid": [], None: []}  # the loss takes scores
RANKS = {"1D": 1, "2D": 2, "3D": 3}
CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
POOLINGS = {1: nn.MaxPool1d, 2: nn.MaxPool2d, 3: nn.MaxPool3d}
FORMATS = {2: torch.channels_last, 3: torch.channels_last_3d}


class Last(nn.Module):
    """The last state of a recurrent layer."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        """Its output after the last step."""
        return self.inner(x)[0][:, -1]


class Over(nn.Module):
    """A reduction of axes to nothing."""

    def __init__(self, reduce, axes):
        super().__init__()
        self.reduce, self.axes = reduce, axes

    def forward(self, x):
        """The reduced tensor."""
        return self.reduce(x, dim=self.axes)


class Swapped(nn.Module):
    """(batch, steps, channels) to (batch, channels, steps)."""

    def forward(self, x):
        """The view."""
        return x.transpose(1, 2)


def modules(workload):
    """Each layer's modules. The channels come second from the first convolution on."""
    rank, width = len(workload.shape) - 1, workload.shape[-1]
    second, embedded, shape = False, False, list(workload.shape)
    for one in workload.layers:
        kind, given = one.kind, one.arguments
        if kind == "Embedding":
            width, rank, embedded = given["output_dim"], 1, True
            yield nn.Embedding(given["input_dim"], width)
        elif kind.startswith("Conv"):
            if embedded and not second:
                yield Swapped()
            second, size = True, given["kernel_size"]
            shape = [n - size + 1 if n else n for n in shape[:rank]]
            yield CONVOLUTIONS[RANKS[kind[4:]]](width, given["filters"], size)
            yield from (made() for made in ACTIVATIONS[given.get("activation")])
            width = given["filters"]
        elif kind.startswith("MaxPooling"):
            shape = [n // given["pool_size"] for n in shape]
            yield POOLINGS[RANKS[kind[10:]]](given["pool_size"])
        elif kind == "Flatten":
            for n in shape:
                width *= n
            yield nn.Flatten()
        elif kind == "Dropout":
            yield nn.Dropout(given["rate"])
        elif kind in ("LSTM", "GRU"):
            yield Last(getattr(nn, kind)(width, given["units"], batch_first=True))
            width = given["units"]
        elif kind.startswith("Global"):
            axes = tuple(range(2, 2 + rank)) if second else tuple(range(1, 1 + rank))
            yield Over(torch.mean if "Average" in kind else torch.amax, axes)
        elif kind == "EncoderBlock":
            yield nn.TransformerEncoderLayer(
                width, given["heads"], given["hidden"], dropout=0.0, batch_first=True
            )
        elif kind == "Dense":
            yield nn.Linear(width, given["units"])
            yield from (made() for made in ACTIVATIONS[given.get("activation")])
            width = given["units"]
        else:
            raise Unavailable(f"the PyTorch adapter has no {kind}")


class Network:
    """A module and its optimizer, with the defaults of Keras."""

    def __init__(self, workload, threads, compiled=False, channels_last=False):
        torch.set_num_threads(threads)
        torch.manual_seed(0)
        self.module = nn.Sequential(*modules(workload))
        self.batch, self.classes = workload.batch, "categorical" in workload.loss
        self.convolves = workload.layers[0].kind.startswith("Conv")
        self.format = torch.contiguous_format
        if channels_last:
            self.format = FORMATS[len(workload.shape) - 1]
            self.module = self.module.to(memory_format=self.format)
        parameters = self.module.parameters()
        self.optimizer = {
            "rmsprop": lambda: torch.optim.RMSprop(parameters, 1e-3, 0.9, 1e-7),
            "adam": lambda: torch.optim.Adam(parameters, 1e-3, eps=1e-7),
        }[workload.optimizer]()
        entropy = nn.functional.cross_entropy
        binary = nn.functional.binary_cross_entropy_with_logits
        self.loss = entropy if self.classes else binary
        self.network = torch.compile(self.module) if compiled else self.module

    def tensor(self, x):
        """The samples with their channels second, in the chosen order of memory."""
        x = torch.from_numpy(x)
        if self.convolves:
            x = x.movedim(-1, 1).contiguous(memory_format=self.format)
        return x

    def fit(self, x, y, epochs):
        """Batches in a new order each epoch."""
        inputs, labels = self.tensor(x), torch.from_numpy(y)
        labels = labels.long() if self.classes else labels
        self.module.train()

        def epoch():
            order = torch.randperm(len(inputs))
            for start in range(0, len(inputs), self.batch):
                rows = order[start : start + self.batch]
                xb = inputs[rows]
                if self.convolves:
                    xb = xb.contiguous(memory_format=self.format)
                self.optimizer.zero_grad()
                self.loss(self.network(xb), labels[rows]).backward()
                self.optimizer.step()

        return timed(epochs, epoch)

    def predict(self, x):
        """The probabilities."""
        self.module.eval()
        with torch.inference_mode():
            scores = self.network(self.tensor(x))
            return (torch.softmax(scores, 1) if self.classes else torch.sigmoid(scores)).numpy()
