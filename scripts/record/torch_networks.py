"""Small networks as PyTorch users write them, each with an example of its inputs.

`NETWORKS[name]()` gives a module and its example inputs; every layout is PyTorch's own.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional

NETWORKS: dict[str, Callable[[], tuple[nn.Module, tuple[torch.Tensor, ...]]]] = {}


def network(function: Callable) -> Callable:
    NETWORKS[function.__name__] = function
    return function


class Composed(nn.Module):
    """Named parts, and a function of them and the inputs."""

    def __init__(self, run: Callable, **parts: nn.Module) -> None:
        super().__init__()
        self.run = run
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.run(self, *inputs)


def tokens(*shape: int) -> torch.Tensor:
    return torch.randint(0, 20, shape)


@network
def mlp():
    parts = nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.0), nn.Linear(16, 3), nn.Softmax(-1)
    return nn.Sequential(*parts), (torch.randn(6, 8),)


@network
def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 4, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(4, 6, 5), nn.Tanh(),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(24, 12), nn.Tanh(), nn.Linear(12, 10),
    ), (torch.randn(3, 1, 16, 16),)  # fmt: skip


@network
def viewed():
    """Flattened by hand, as many programs do."""

    def run(self, x):
        x = functional.max_pool2d(functional.relu(self.conv(x)), 2)
        x = x.view(x.size(0), -1)
        return functional.log_softmax(self.head(x), dim=1)

    return Composed(run, conv=nn.Conv2d(2, 3, 3), head=nn.Linear(27, 4)), (torch.randn(3, 2, 8, 8),)


class Block(nn.Module):
    """A residual block."""

    def __init__(self, inner: int, outer: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inner, outer, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outer)
        self.conv2 = nn.Conv2d(outer, outer, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outer)
        self.downsample = None
        if stride > 1:
            shortcut = nn.Conv2d(inner, outer, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(outer))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        kept = x if self.downsample is None else self.downsample(x)
        x = self.bn2(self.conv2(functional.relu(self.bn1(self.conv1(x)))))
        return functional.relu(x + kept)


@network
def resnet():
    return nn.Sequential(
        nn.Conv2d(3, 4, 7, 2, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU(),
        nn.MaxPool2d(3, 2, 1), Block(4, 4, 1), Block(4, 6, 2), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(6, 5),
    ), (torch.randn(4, 3, 17, 17),)  # fmt: skip


@network
def vgg():
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1), nn.ReLU(),
        nn.MaxPool2d(2), nn.Conv2d(4, 6, 3, padding=1), nn.LeakyReLU(0.2), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(24, 8), nn.ReLU(), nn.Linear(8, 4), nn.Sigmoid(),
    ), (torch.randn(3, 3, 8, 8),)  # fmt: skip


@network
def mobile():
    """Depthwise separable convolutions with the activations of MobileNetV3."""
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, 2, 1, bias=False), nn.BatchNorm2d(6), nn.Hardswish(),
        nn.Conv2d(6, 6, 3, 1, 1, groups=6, bias=False), nn.BatchNorm2d(6), nn.ReLU6(),
        nn.Conv2d(6, 8, 1, bias=False), nn.BatchNorm2d(8), nn.Conv2d(8, 8, 3, groups=2),
        nn.Hardsigmoid(), nn.SiLU(), nn.AdaptiveAvgPool2d((1, 1)), nn.Flatten(1), nn.Linear(8, 3),
    ), (torch.randn(4, 3, 11, 11),)  # fmt: skip


@network
def unet():
    def run(self, x):
        high = functional.relu(self.down(x))
        low = functional.relu(self.bottom(self.pool(high)))
        low = self.resize(self.up(low))
        return torch.sigmoid(self.out(torch.cat([high, low[:, :, :8, :8]], dim=1)))

    return Composed(
        run, down=nn.Conv2d(1, 4, 3, padding=1), pool=nn.MaxPool2d(2),
        bottom=nn.Conv2d(4, 6, 3, padding=1), up=nn.ConvTranspose2d(6, 4, 3, 2, 1, 1),
        resize=nn.Upsample(scale_factor=2, mode="nearest"), out=nn.Conv2d(8, 1, 1),
    ), (torch.randn(2, 1, 8, 8),)  # fmt: skip


@network
def bilinear():
    def run(self, x):
        x = self.up(functional.pad(x, (1, 2, 0, 1)))
        return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)

    parts = {"up": nn.ConvTranspose2d(2, 3, 2, stride=2, bias=False)}
    return Composed(run, **parts), (torch.randn(2, 2, 4, 3),)


@network
def conv1d():
    return nn.Sequential(
        nn.Conv1d(3, 6, 3, padding=2, dilation=2), nn.ELU(), nn.MaxPool1d(2),
        nn.Conv1d(6, 4, 3, stride=2), nn.GELU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(),
        nn.Linear(4, 2),
    ), (torch.randn(3, 3, 16),)  # fmt: skip


@network
def conv3d():
    return nn.Sequential(
        nn.Conv3d(1, 3, 3, padding=(1, 0, 1)), nn.Softplus(), nn.MaxPool3d(2),
        nn.ConvTranspose3d(3, 2, 2, stride=2), nn.Softsign(),
    ), (torch.randn(2, 1, 4, 6, 6),)  # fmt: skip


@network
def norms():
    def run(self, x):
        x = self.instance(functional.selu(self.conv(x)))
        x = self.group(x)
        return self.layer(functional.mish(x)).mean(dim=(2, 3))

    return Composed(
        run, conv=nn.Conv2d(2, 6, 3), instance=nn.InstanceNorm2d(6, affine=True),
        group=nn.GroupNorm(3, 6), layer=nn.LayerNorm([6, 4, 4]),
    ), (torch.randn(3, 2, 6, 6),)  # fmt: skip


@network
def layer_norm():
    return nn.Sequential(
        nn.Linear(5, 8), nn.LayerNorm(8), nn.PReLU(), nn.Linear(8, 8), nn.BatchNorm1d(8),
        nn.Hardtanh(), nn.Linear(8, 2),
    ), (torch.randn(4, 5),)  # fmt: skip


@network
def lstm():
    def run(self, ids):
        outputs, _ = self.lstm(self.embedding(ids))
        return self.head(outputs[:, -1])

    return Composed(
        run, embedding=nn.Embedding(20, 4), lstm=nn.LSTM(4, 5, batch_first=True),
        head=nn.Linear(5, 2),
    ), (tokens(3, 7),)  # fmt: skip


@network
def bi_lstm():
    def run(self, ids):
        _, (hidden, _) = self.lstm(self.embedding(ids))
        return self.head(torch.cat([hidden[-2], hidden[-1]], dim=1))

    return Composed(
        run, embedding=nn.Embedding(20, 4),
        lstm=nn.LSTM(4, 3, num_layers=2, bidirectional=True, batch_first=True),
        head=nn.Linear(6, 2),
    ), (tokens(3, 7),)  # fmt: skip


@network
def gru():
    def run(self, ids):
        outputs, hidden = self.gru(self.embedding(ids))
        return self.head(outputs).mean(dim=1) + hidden[-1, :, :2]

    return Composed(
        run, embedding=nn.Embedding(20, 4), gru=nn.GRU(4, 5, num_layers=2, batch_first=True),
        head=nn.Linear(5, 2),
    ), (tokens(3, 6),)  # fmt: skip


@network
def bi_gru():
    def run(self, x):
        outputs, _ = self.gru(x)
        return self.head(outputs)

    return Composed(
        run, gru=nn.GRU(3, 4, bidirectional=True, batch_first=True), head=nn.Linear(8, 2)
    ), (torch.randn(3, 5, 3),)


@network
def rnn():
    def run(self, x, first):
        outputs, _ = self.rnn(x, first.unsqueeze(0))
        return self.head(outputs[:, -1, :])

    return Composed(
        run, rnn=nn.RNN(3, 4, nonlinearity="relu", batch_first=True), head=nn.Linear(4, 2)
    ), (torch.randn(3, 5, 3), torch.randn(3, 4))


@network
def encoder_layer():
    layer = nn.TransformerEncoderLayer(8, 2, 12, dropout=0.0, batch_first=True, activation="gelu")
    return layer, (torch.randn(3, 5, 8),)


@network
def attention():
    """A language model of one block, with positions that are learnt, written by hand."""

    def run(self, ids):
        x = self.tokens(ids) + self.positions(torch.arange(ids.size(1)))
        batch, time, width = x.shape
        q, k, v = self.qkv(self.norm(x)).chunk(3, dim=-1)
        q, k, v = (part.view(batch, time, 2, width // 2).transpose(1, 2) for part in (q, k, v))
        scores = q @ k.transpose(-2, -1) / (width // 2) ** 0.5
        hidden = torch.triu(torch.ones(time, time), diagonal=1).bool()
        weights = scores.masked_fill(hidden, float("-inf")).softmax(dim=-1)
        x = x + self.out((weights @ v).transpose(1, 2).reshape(batch, time, width))
        return self.head(x)

    return Composed(
        run, tokens=nn.Embedding(20, 8), positions=nn.Embedding(6, 8), norm=nn.LayerNorm(8),
        qkv=nn.Linear(8, 24), out=nn.Linear(8, 8), head=nn.Linear(8, 20),
    ), (tokens(2, 6),)  # fmt: skip


class Vision(nn.Module):
    """A vision transformer: patches, a class token, positions, one encoder layer."""

    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 8, 4, 4)
        self.token = nn.Parameter(torch.randn(1, 1, 8))
        self.positions = nn.Parameter(torch.randn(1, 5, 8))
        self.encoder = nn.TransformerEncoderLayer(8, 2, 8, 0.0, batch_first=True, norm_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.shape[0], -1, -1), x], dim=1) + self.positions
        return self.head(self.encoder(x)[:, 0])


@network
def vision():
    return Vision(), (torch.randn(2, 3, 8, 8),)


@network
def arithmetic():
    """Operators between layers, reductions, comparisons and parts of tensors."""

    def run(self, x, y):
        a, b = torch.split(x, [2, 4], dim=1)
        c = torch.where(b > 0, torch.exp(-b.abs()), torch.sqrt(b.abs() + 1.0))
        d = torch.stack([a, y[:, :2]], dim=1).sum(dim=1).clamp(-1.5, 1.5)
        e = torch.cat([c, d.pow(2), y[:, None, 1].repeat(1, 3)], dim=-1)
        e = e / (e.norm(dim=-1, keepdim=True) + 1e-6) - e.amax(dim=-1, keepdim=True)
        return self.out(e * self.scale(e.var(dim=-1, keepdim=True)))

    return Composed(run, scale=nn.Linear(1, 1), out=nn.Linear(9, 3)), (
        torch.randn(4, 6), torch.randn(4, 3),
    )  # fmt: skip


@network
def squeeze_excite():
    def run(self, x):
        pooled = x.mean([2, 3], keepdim=True)
        gate = torch.sigmoid(self.expand(functional.relu(self.reduce(pooled))))
        return self.head((x * gate).flatten(1))

    return Composed(
        run, reduce=nn.Conv2d(4, 2, 1), expand=nn.Conv2d(2, 4, 1), head=nn.Linear(36, 2)
    ), (torch.randn(3, 4, 3, 3),)


@network
def shuffled():
    """Channels shuffled, pixels shuffled, convolutions with unequal padding."""

    def run(self, x):
        x = functional.channel_shuffle(self.conv(x), 2)
        x = functional.pixel_shuffle(functional.pad(x, (1, 0, 0, 2)), 2)
        return functional.avg_pool2d(x, 3, 2, 1, count_include_pad=False)

    return Composed(run, conv=nn.Conv2d(2, 8, (3, 1), padding=(1, 0))), (torch.randn(2, 2, 4, 4),)
