"""What a step costs in shards, at one rank and two, beside PyTorch's DistributedDataParallel.

    python benchmarks/ranks.py --torch /path/to/python/with/torch --batch 128 1024 --shards 2 8

Every way runs in processes of its own, one thread a rank, in alternating rounds; medians of the
processor's time and of the clock's, in milliseconds a step. MPI and gloo wait actively, so the time
of the processor includes waiting. The network is the textbook's, 784 -> 512 -> 10, whose gradients
are 1.6 MB a step.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

STEPS = 50
PARAMETERS = 784 * 512 + 512 + 512 * 10 + 10


def data(batch: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    return random.random((batch, 784), dtype="float32"), random.integers(0, 10, batch)


def timed(step: Callable[[], object]) -> dict[str, float]:
    """Milliseconds a step, of the clock and of the processor."""
    for _ in range(5):
        step()
    clock, processor = time.perf_counter(), time.process_time()
    for _ in range(STEPS):
        step()
    return {
        "clock": (time.perf_counter() - clock) * 1e3 / STEPS,
        "processor": (time.process_time() - processor) * 1e3 / STEPS,
    }


def geartrain(batch: int, shards: int) -> dict[str, float]:
    """Training steps of ours; without a distribution if there are 0 shards."""
    import geartrain as keras

    keras.distribution.initialize()
    if shards:
        parallel = keras.distribution.DataParallel()
        parallel.shards = shards
        keras.distribution.set_distribution(parallel)
    model = keras.Sequential(
        [
            keras.Input((784,)),
            keras.layers.Dense(512, "relu"),
            keras.layers.Dense(10, "softmax"),
        ]
    )
    model.compile("rmsprop", "sparse_categorical_crossentropy")
    x, y = data(batch)
    found = timed(lambda: model.train_on_batch(x, y))
    return found if keras.distribution.DataParallel().data_shard_id == 0 else {}


def pytorch(batch: int, shards: int) -> dict[str, float]:
    """The same steps by DistributedDataParallel over gloo."""
    import torch
    from torch import distributed, nn

    rank, size = int(os.environ.get("PMI_RANK", 0)), int(os.environ.get("PMI_SIZE", 1))
    torch.set_num_threads(1)
    net: nn.Module = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 10))
    if size > 1:
        os.environ.setdefault("MASTER_ADDR", "127.0.0.1")
        os.environ.setdefault("MASTER_PORT", "29555")
        distributed.init_process_group("gloo", rank=rank, world_size=size)
        net = nn.parallel.DistributedDataParallel(net)
    optimizer, loss = torch.optim.RMSprop(net.parameters()), nn.CrossEntropyLoss()
    x, y = (torch.from_numpy(one[rank * batch // size :][: batch // size]) for one in data(batch))

    def step() -> None:
        optimizer.zero_grad()
        loss(net(x), y).backward()
        optimizer.step()

    found = timed(step)
    return found if rank == 0 else {}


def exchange_seconds(ranks: int, bytes_: int, bandwidth: float, latency: float) -> float:
    """A model of the exchange: two messages to each, `2 (n - 1) / n` of the bytes on the wire.

    >>> round(exchange_seconds(2, 4 * PARAMETERS, 125e6, 50e-6) * 1e3, 1)
    13.1
    """
    if ranks == 1:
        return 0.0
    return 2 * (ranks - 1) * (bytes_ / ranks / bandwidth + latency / ranks)


def measured(python: str, way: str, ranks: int, batch: int, shards: int) -> dict[str, float]:
    """One run of a way in processes of its own."""
    from geartrain.commands.launching.mpiexec import mpiexec

    command = [python, __file__, "--child", way, str(batch), str(shards)]
    if ranks > 1:
        command = [mpiexec(), "-n", str(ranks), *command]
    environment = {**os.environ, "GEARTRAIN_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("{"))
    return json.loads(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--torch", help="an interpreter that has PyTorch")
    parser.add_argument("--ranks", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--batch", type=int, nargs="+", default=[128, 1024])
    parser.add_argument("--shards", type=int, nargs="+", default=[2, 8])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        way, batch, shards = options.child
        found = {"geartrain": geartrain, "pytorch": pytorch}[way](int(batch), int(shards))
        if found:
            print(json.dumps(found), flush=True)
        return
    ways = [("geartrain", sys.executable, 1, 0)]
    ways += [("geartrain", sys.executable, r, s) for r in options.ranks for s in options.shards]
    if options.torch:
        ways += [("pytorch", options.torch, ranks, 0) for ranks in options.ranks]
    print("| batch | way | ranks | shards | ms of the processor | ms of the clock |")
    print("| --- | --- | --- | --- | --- | --- |")
    for batch in options.batch:
        runs: dict[object, list[dict[str, float]]] = {way: [] for way in ways}
        for _ in range(options.rounds):
            for way, found in runs.items():
                name, python, ranks, shards = way
                found.append(measured(python, name, ranks, batch, shards))
        for (name, _, ranks, shards), found in runs.items():
            middle = [statistics.median(one[k] for one in found) for k in ("processor", "clock")]
            cut = shards or "none"
            print(f"| {batch} | {name} | {ranks} | {cut} | {middle[0]:.2f} | {middle[1]:.2f} |")


if __name__ == "__main__":
    main()
