"""The command `geartrain`: what it prints, what it leaves on disk, and how it ends."""

from __future__ import annotations

import gzip
import os
import re
import signal
import subprocess
import sys
import zipfile

import numpy as np
import pytest

import geartrain
from geartrain import cli, datasets
from geartrain.cli import main
from geartrain.commands import mnist as mnist_command
from geartrain.datasets.idx import encode_idx
from geartrain.utils import doctor

COMMAND = [sys.executable, "-m", "geartrain"]


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """No data set is on this machine, and nothing can be downloaded."""
    for name in ("GEARTRAIN_DATA", "GEARTRAIN_CACHE", "KERAS_HOME", "XDG_DATA_DIRS"):
        monkeypatch.setenv(name, str(tmp_path / "nothing"))

    def refuse(url, limit, context=None):
        raise ConnectionError(f"{url}: no network")

    monkeypatch.setattr("geartrain.datasets.download.fetch", refuse)


def trained(out, *arguments):
    code = main(["mnist", "--sample", "--epochs", "1", "--out", str(out), *arguments])
    assert code == 0
    return out.read_bytes()


# -- the command itself ---------------------------------------------------------------------------


def test_version(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"geartrain {geartrain.__version__}\n"


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    printed = capsys.readouterr().out
    assert all(f"    {name} " in printed for name in ("mnist", "run", "describe", "doctor"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "required: COMMAND"),
        (["minst"], "invalid choice: 'minst'"),
        (["mnist", "--epochs", "0"], "expected a whole number of 1 or more, not '0'"),
        (["mnist", "--batch-size", "many"], "expected a whole number of 1 or more, not 'many'"),
        (["mnist", "--epoch-s", "1"], "unrecognized arguments: --epoch-s"),
        (["mnist", "--sample", "--data", "x"], "not allowed with argument --sample"),
    ],
)
def test_wrong_arguments_end_with_2(arguments, message, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err


def test_an_error_is_one_line(capsys):
    assert main(["mnist", "--sample", "--optimizer", "rmspropp"]) == 1
    error = capsys.readouterr().err
    assert error.startswith("geartrain mnist: Unknown optimizer: 'rmspropp'.")
    assert error.count("\n") == 1
    assert "Traceback" not in error


def test_an_error_with_its_traceback():
    with pytest.raises(ValueError, match="rmspropp"):
        main(["mnist", "--sample", "--optimizer", "rmspropp", "--traceback"])


def test_an_error_of_another_kind_says_how_to_see_more(monkeypatch, capsys):
    monkeypatch.setattr(doctor, "report", lambda: {}["gone"])
    assert main(["doctor"]) == 1
    expected = "geartrain doctor: KeyError: 'gone' (--traceback shows where)\n"
    assert capsys.readouterr().err == expected


def test_interrupted(monkeypatch, capsys):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr(doctor, "report", interrupt)
    assert main(["doctor"]) == 130
    assert capsys.readouterr().err == "\nInterrupted.\n"


@pytest.mark.skipif(os.name != "posix", reason="signals are POSIX's")
def test_interrupted_by_a_signal_while_training(tmp_path):
    arguments = ["mnist", "--sample", "--epochs", "1000", "--out", str(tmp_path / "w.npz")]
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:  # fmt: skip
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("Epoch 2/"):
                break
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error == "\nInterrupted.\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="pipes are POSIX's")
def test_a_reader_that_goes_away_is_no_error(tmp_path):
    arguments = ["mnist", "--sample", "--epochs", "3", "--out", str(tmp_path / "w.npz")]
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141


def test_what_the_encoding_lacks_is_replaced(tmp_path):
    path = tmp_path / "Größe.npy"
    np.save(path, np.zeros(3))
    done = subprocess.run(
        [*COMMAND, "describe", str(path), str(path)], capture_output=True, text=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "Gr??e.npy: " in done.stdout


# -- mnist ----------------------------------------------------------------------------------------


def test_mnist_trains_shows_and_saves(tmp_path, capsys):
    trained(tmp_path / "w.npz", "--epochs", "3")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == (
        "The sample of MNIST in the package: 4,000 images to train on, 1,000 to test."
    )
    assert lines[1] == (
        "Network 784 -> 512 -> 10, 407,050 weights, rmsprop, batches of 128, seed 0."
    )
    assert lines[2] == "Epoch 1/3"
    line = (
        r"4000/4000 \[=+\] 32 batches - \d+m?s \d+us/sample - accuracy: 0\.\d{4} - loss: 0\.\d{4}"
    )
    assert all(re.fullmatch(line, lines[number]) for number in (3, 5, 7))
    found = re.fullmatch(r"Test accuracy: (0\.\d{4}) \((\d+) of 1,000 digits\)", lines[8])
    assert found
    assert float(found[1]) == int(found[2]) / 1000 > 0.85
    assert re.search(r"^ +0 +1 +2 +3 +\d, but it is \d$", "\n".join(lines), re.MULTILINE)
    assert lines[-1] == f"Weights saved in {tmp_path / 'w.npz'}."
    assert [path.name for path in tmp_path.iterdir()] == ["w.npz"]


def test_the_saved_weights_load_as_the_help_says(tmp_path):
    path = tmp_path / "w.npz"
    trained(path)
    network = mnist_command.make_network("rmsprop")
    with np.load(path) as weights:
        network.set_weights([weights[name] for name in weights.files])
        assert [name.rpartition("/")[2] for name in weights.files] == ["kernel", "bias"] * 2
    data = mnist_command.load(None, sample=True)
    said = np.argmax(network.predict(data.x_test, verbose=0), axis=-1)
    assert np.mean(said == data.y_test) > 0.8


def test_the_same_seed_gives_the_same_bytes(tmp_path):
    arrays = []
    for name, seed in (("a.npz", "7"), ("b.npz", "7"), ("c.npz", "8")):
        path = tmp_path / name
        trained(path, "--seed", seed)
        with np.load(path) as weights:
            arrays.append([weights[key].tobytes() for key in weights.files])
    assert arrays[0] == arrays[1]
    assert arrays[0] != arrays[2]


def test_the_same_seed_gives_the_same_bytes_in_another_process(tmp_path):
    digests = set()
    for threads in ("1", "2"):
        path = tmp_path / f"{threads}.npz"
        arguments = ["mnist", "--sample", "--epochs", "1", "--seed", "7", "--out", str(path)]
        subprocess.run(
            [*COMMAND, *arguments], check=True, capture_output=True,
            env={**os.environ, "GEARTRAIN_THREADS": threads, "PYTHONHASHSEED": threads},
        )  # fmt: skip
        with np.load(path) as weights:
            digests.add(b"".join(weights[key].tobytes() for key in weights.files))
    assert len(digests) == 1


def test_the_sample_stands_in_for_mnist(nowhere, capsys):
    data = mnist_command.load(None, sample=False)
    printed = capsys.readouterr().out
    assert data.source == "The sample of MNIST in the package"
    assert data.x_train.shape == (4000, 784)
    assert printed.startswith("MNIST is not on this machine: downloading it (11 MB) ...\n")
    assert "a sample of it must do" in printed


def test_mnist_from_a_given_folder(nowhere, capsys, tmp_path):
    assert main(["mnist", "--data", str(tmp_path), "--out", str(tmp_path / "w.npz")]) == 1
    error = capsys.readouterr().err
    assert f"{tmp_path}: expected the files of MNIST" in error
    assert error.count("\n") == 1


def weights_of(folder, name, seed, threads):
    """The bytes of the weights that the command makes in a process of its own."""
    out = folder / f"{name}.npz"
    command = [sys.executable, "-m", "geartrain", "mnist", "--sample", "--epochs", "1"]
    done = subprocess.run(
        [*command, "--seed", str(seed), "--out", str(out)],
        env={**os.environ, "GEARTRAIN_THREADS": str(threads)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with np.load(out) as arrays:
        return [arrays[key].tobytes() for key in arrays.files]


def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads(tmp_path):
    first = weights_of(tmp_path, "first", seed=3, threads=1)
    assert weights_of(tmp_path, "again", seed=3, threads=1) == first
    assert weights_of(tmp_path, "two", seed=3, threads=2) == first
    assert weights_of(tmp_path, "other", seed=4, threads=1) != first


def test_mnist_itself(mnist):
    data = mnist_command.load(None, sample=False)
    place = datasets.find("mnist")
    assert place is not None
    assert data.source == f"MNIST from {place.found}"
    assert (data.x_train.shape, data.x_train.dtype) == ((60000, 784), np.float32)
    assert (data.x_train.min(), data.x_train.max()) == (0.0, 1.0)


def test_a_place_that_cannot_be_written_is_refused_before_training(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    for out in (tmp_path, tmp_path / "file" / "w.npz"):
        assert main(["mnist", "--sample", "--out", str(out)]) == 1
        printed = capsys.readouterr()
        assert printed.out == ""
        assert "--out: expected a file in a folder that can be written" in printed.err


def test_a_failed_save_leaves_the_old_weights(tmp_path, monkeypatch):
    path = tmp_path / "w.npz"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(28, "No space left on device")

    network = mnist_command.make_network("sgd")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        mnist_command.save(network, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


# -- describe -------------------------------------------------------------------------------------


def described(capsys, *names):
    assert main(["describe", *map(str, names)]) == 0
    return capsys.readouterr().out


SERIES = np.zeros((250, 390, 3), "float32")


def test_describe_npy(tmp_path, capsys):
    np.save(tmp_path / "x.npy", SERIES)
    printed = described(capsys, tmp_path / "x.npy")
    assert printed.startswith("Time series: 250 samples of 390 timesteps with 3 features\n")
    assert "shape   (250, 390, 3), rank 3" in printed


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_describe_npz(save, tmp_path, capsys):
    save(tmp_path / "x.npz", x=np.asfortranarray(np.arange(6.0).reshape(2, 3)), y=np.arange(2))
    printed = described(capsys, tmp_path / "x.npz")
    assert "x = " in printed
    assert "y = " in printed
    assert "shape   (2, 3), rank 2" in printed
    assert "values  0 to 5, mean 2.5" in printed


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_describe_idx(pack, tmp_path, capsys):
    (tmp_path / "images").write_bytes(pack(encode_idx(np.zeros((9, 28, 28), "uint8"))))
    assert described(capsys, tmp_path / "images").startswith("Images: 9 samples of 28 x 28 pixels")


@pytest.mark.parametrize(
    "text", ["height,weight\n1.5,60\n1.8,80\n1.7,70\n", "1.5\t60\n1.8\t80\n1.7\t70\n"]
)
def test_describe_csv(text, tmp_path, capsys):
    (tmp_path / "people.csv").write_text(text)
    printed = described(capsys, tmp_path / "people.csv")
    assert "shape   (3, 2), rank 2" in printed
    assert "values  1.5 to 80" in printed


def test_describe_a_data_set(capsys):
    printed = described(capsys, "digits")
    assert "x_train = Images: 4,000 samples of 28 x 28 pixels, greyscale" in printed


def test_describe_several_files(tmp_path, capsys):
    for name in ("a", "b"):
        np.save(tmp_path / f"{name}.npy", SERIES)
    printed = described(capsys, tmp_path / "a.npy", tmp_path / "b.npy")
    assert f"{tmp_path / 'a.npy'}: Time series" in printed
    assert f"\n\n{tmp_path / 'b.npy'}: Time series" in printed


def refused(capsys, path):
    assert main(["describe", str(path)]) == 1
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert str(path) in error
    return error


def test_describe_what_is_not_there(capsys):
    error = refused(capsys, "gone.npy")
    assert "expected a file, or one of the data sets mnist, fashion_mnist, digits" in error


def test_describe_a_folder(tmp_path, capsys):
    assert "Is a directory" in refused(capsys, tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.pdf", b"%PDF-1.7", "expected .npy, .npz, IDX (also gzipped) or .csv"),
        ("empty", b"", "Received: a file that starts with nothing"),
        ("x.csv", b"a,b\nred,2\n", "expected numbers, a row a line"),
        ("x.npz", b"PK\x03\x04damaged", "expected a whole .npz archive"),
        ("x.npy", b"\x93NUMPY\x01\x00", "expected an .npy array of numbers"),
        ("x.idx", b"\0\0\x08\x01\0\0\0\x09", "expected 9 bytes of elements"),
    ],
)
def test_describe_a_damaged_file(name, content, message, tmp_path, capsys):
    (tmp_path / name).write_bytes(content)
    assert message in refused(capsys, tmp_path / name)


def test_describe_never_unpickles(tmp_path, capsys):
    class Canary:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "touched"),))

    bomb = np.array([Canary()], dtype=object)
    np.save(tmp_path / "x.npy", bomb)
    np.savez(tmp_path / "x.npz", x=bomb)
    refused(capsys, tmp_path / "x.npy")
    assert "pickled Python objects, not read" in refused(capsys, tmp_path / "x.npz")
    assert not (tmp_path / "touched").exists()


def test_describe_reads_no_more_than_there_is(tmp_path, capsys):
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1125899906842624,), }"
    header += b" " * (118 - len(header) - 1) + b"\n"
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    (tmp_path / "x.npy").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "x.npz", "w") as archive:
        archive.writestr("x.npy", content)
    assert "expected an .npy array of numbers" in refused(capsys, tmp_path / "x.npy")
    assert "expected 9007199254740992 bytes for shape" in refused(capsys, tmp_path / "x.npz")


# -- doctor ---------------------------------------------------------------------------------------


def test_doctor_reports_a_sound_machine(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("GEARTRAIN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("GEARTRAIN_DATA", raising=False)
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert f"  geartrain      {geartrain.__version__}, in " in printed
    assert f"  numpy          {np.__version__}, " in printed
    assert re.search(r"^  threads +\d+, from ", printed, re.MULTILINE)
    assert re.search(r"^  digits +\S.*sample \(the package\)$", printed, re.MULTILINE)
    assert re.search(r"^  gradients +exact to \de-\d\d$", printed, re.MULTILINE)
    assert re.search(r"^  training +loss \d\.\d\d to \d\.\d\d in 8 epochs$", printed, re.MULTILINE)
    assert printed.endswith("\n0 problems found.\n")


def problems():
    found = [finding for findings in doctor.report().values() for finding in findings]
    return {finding.subject: finding.problem for finding in found if finding.problem}


def test_doctor_finds_folders_that_do_not_exist(monkeypatch, tmp_path):
    monkeypatch.setenv("GEARTRAIN_DATA", str(tmp_path / "gone"))
    assert "There is no such folder" in problems()["GEARTRAIN_DATA"]


def test_doctor_finds_a_cache_that_cannot_be_written(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GEARTRAIN_CACHE", str(tmp_path / "file" / "cache"))
    assert "Set GEARTRAIN_CACHE to a folder that can be written" in problems()["cache"]


def test_doctor_finds_a_wrong_number_of_threads(monkeypatch):
    monkeypatch.setenv("GEARTRAIN_THREADS", "lots")
    assert "Received: 'lots'" in problems()["threads"]


def test_doctor_finds_wrong_numbers(monkeypatch):
    monkeypatch.setattr(doctor, "_gradient_error", lambda: ("exact to 1e-01", False))
    assert "The numbers are wrong" in problems()["gradients"]


def test_doctor_reports_a_check_that_fails(monkeypatch, capsys):
    def broken():
        raise ArithmeticError("no numbers today")

    monkeypatch.setattr(doctor, "_loss_ratio", broken)
    assert problems()["training"] == "ArithmeticError: no numbers today"
    assert main(["doctor"]) == 1
    assert "PROBLEM: ArithmeticError" in capsys.readouterr().out


def test_doctor_lists_where_it_looked(nowhere):
    lines = [str(finding) for finding in doctor.report()["Data sets"]]
    assert lines[0].startswith("mnist          not on this machine; it is downloaded when asked")
    assert any("GEARTRAIN_DATA" in line and "no such folder" in line for line in lines)


def test_the_parser_takes_what_the_documents_say():
    options = cli.parser().parse_args(["run", "script.py", "--epochs", "3"])
    assert options.arguments == ["--epochs", "3"]
