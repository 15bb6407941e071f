"""The command `geartrain`: its arguments, how it ends, and what it tells of errors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import geartrain
from geartrain import cli
from geartrain.cli import main
from geartrain.utils import doctor

COMMAND = [sys.executable, "-m", "geartrain"]


def test_version(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"geartrain {geartrain.__version__}\n"


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    printed = capsys.readouterr().out
    assert all(f"    {name} " in printed for name in cli._COMMANDS)


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
@pytest.mark.usefixtures("interrupts")
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


def test_the_parser_takes_what_the_documents_say():
    options = cli.parser().parse_args(["run", "script.py", "--epochs", "3"])
    assert options.arguments == ["--epochs", "3"]
