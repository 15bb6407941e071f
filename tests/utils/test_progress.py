"""The progress bar, on a terminal of a given size, in a log, in a notebook, under a fixed clock."""

import io
import re

import numpy as np
import pytest

from geartrain.utils import progress
from geartrain.utils.progress import Progbar


class Terminal(io.StringIO):
    """A stream that is a terminal of COLUMNS columns and shows what would stay on the screen."""

    encoding = "utf-8"

    def isatty(self):
        return True

    def frames(self):
        """Every line as it was drawn, one after the other."""
        return [frame for line in self.getvalue().split("\n") for frame in line.split("\r")]

    def screen(self):
        """What is left on the screen: a carriage return writes over what was there."""
        lines = []
        for line in self.getvalue().split("\n"):
            shown = ""
            for frame in line.split("\r"):
                shown = frame + shown[len(frame) :]
            lines.append(shown.rstrip())
        return lines


@pytest.fixture
def clock(monkeypatch):
    """A clock that moves only when told to."""
    time = [100.0]
    monkeypatch.setattr(progress, "_now", lambda: time[0])
    return time


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("COLUMNS", "121")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("PYCHARM_HOSTED", raising=False)
    return Terminal()


@pytest.fixture
def log(monkeypatch):
    monkeypatch.delenv("PYCHARM_HOSTED", raising=False)
    return io.StringIO()


def train(bar, clock, steps=469, seconds=0.72, values=(("loss", 0.2571), ("accuracy", 0.9257))):
    for step in range(1, steps + 1):
        clock[0] += seconds / steps
        bar.update(step, list(values))


def test_the_line_of_the_chapter(terminal, clock):
    train(Progbar(469, samples=60000, stream=terminal), clock, seconds=1.2)
    assert terminal.screen() == [
        "60000/60000 [====================] 469 batches - 1s 20us/sample"
        " - loss: 0.2571 - accuracy: 0.9257",
        "",
    ]


def test_a_running_line_counts_samples_and_estimates_the_time_left(terminal, clock):
    bar = Progbar(10, samples=1000, stream=terminal)
    for step in (1, 2, 3):
        clock[0] += 2.0
        bar.update(step, [("loss", 1.0)])
    assert terminal.screen() == [
        " 300/1000 [======>.............] 3 batches - ETA 14s - loss: 1.0000"
    ]


def test_the_estimate_leaves_out_the_first_step(terminal, clock):
    bar = Progbar(11, stream=terminal)
    clock[0] += 100.0  # the first step compiles
    bar.update(1)
    assert "ETA 16:40" in terminal.screen()[0]
    clock[0] += 2.0
    bar.update(2)
    assert "ETA 18s" in terminal.screen()[0]


def test_steps_without_samples(terminal, clock):
    train(Progbar(5, stream=terminal), clock, 5, 0.01, [("loss", 2.0)])
    assert terminal.screen()[0] == "5/5 [====================] - 10ms 2ms/step - loss: 2.0000"
    other = Terminal()
    bar = Progbar(2, unit_name="epoch", width=6, stream=other)
    bar.update(1)
    assert other.screen() == ["1/2 [===>..] - ETA 0s"]
    clock[0] += 130
    bar.update(2)
    assert other.screen()[0] == "2/2 [======] - 2:10 65s/epoch"


def test_a_bar_as_short_as_one_likes(terminal, log, clock):
    for stream in (terminal, log):
        Progbar(1, width=2, stream=stream).update(1)
        assert stream.getvalue().strip() == "1/1 [==] - 0s 0s/step"


def test_one_batch_is_not_batches(terminal, clock):
    Progbar(1, samples=7, stream=terminal).update(1)
    assert terminal.screen()[0] == "7/7 [====================] 1 batch - 0s 0s/sample"


def test_the_last_batch_may_be_smaller(terminal, clock):
    bar = Progbar(3, samples=9, batch_size=4, stream=terminal)
    for step, samples in ((1, 4), (2, 8), (3, 9)):
        bar.update(step)
        clock[0] += 1
        assert terminal.frames()[-2 if step == 3 else -1].startswith(f"{samples}/9 ")


def test_unknown_target(terminal, clock):
    bar = Progbar(None, stream=terminal)
    for _ in range(3):
        clock[0] += 1.0
        bar.add(1, [("loss", 0.5)])
    assert terminal.screen() == ["3/unknown - 3s 1s/step - loss: 0.5000"]
    bar.update(3, finalize=True)
    assert terminal.screen() == ["3/unknown - 3s 1s/step - loss: 0.5000", ""]
    other = Terminal()
    Progbar(None, batch_size=32, stream=other).update(2)
    assert other.screen() == ["64/unknown 2 batches - 0s 0s/sample"]


def test_more_steps_than_said(terminal, clock):
    Progbar(2, stream=terminal).update(3)
    assert terminal.screen()[0] == "3/2 [====================] - 0s 0s/step"


def test_drawing_is_limited_to_one_an_interval(terminal, clock):
    bar = Progbar(1000, interval=0.05, stream=terminal)
    train(bar, clock, 1000, 1.0)
    assert 15 <= terminal.getvalue().count("\r") <= 22
    eager = Terminal()
    train(Progbar(100, interval=0, stream=eager), clock, 100, 1.0)
    assert eager.getvalue().count("\r") == 100


@pytest.mark.parametrize("columns", [2, 5, 12, 20, 40, 60, 61, 70, 80, 100, 200])
def test_never_wider_than_the_terminal(terminal, clock, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    values = [("loss", 0.2571), ("accuracy", 0.9257)]
    bar = Progbar(469, samples=60000, interval=0, stream=terminal)
    train(bar, clock, steps=468, values=values)
    running = terminal.frames()[1:]
    assert len(running) == 468
    assert max(map(len, running)) < columns
    if columns >= 60:
        assert all("ETA" in frame and "accuracy: 0.9257" in frame for frame in running)
    bar.update(469, values)
    if columns >= 40:
        assert max(map(len, terminal.screen())) < columns
    final = " ".join(line.strip() for line in terminal.screen())
    assert "loss: 0.2571 - accuracy: 0.9257" in final  # folded, but nothing is lost


def test_the_bar_shrinks_before_it_goes(terminal, clock, monkeypatch):
    def running(columns):
        stream = Terminal()
        monkeypatch.setenv("COLUMNS", str(columns))
        bar = Progbar(2, samples=200, stream=stream)
        bar.update(1, [("loss", 0.5), ("accuracy", 0.5)])
        return stream.screen()[0]

    metrics = "loss: 0.5000 - accuracy: 0.5000"
    assert running(200) == f"100/200 [==========>.........] 1 batch - ETA 0s - {metrics}"
    assert running(79) == f"100/200 [========>........] 1 batch - ETA 0s - {metrics}"
    assert running(67) == f"100/200 [==>..] 1 batch - ETA 0s - {metrics}"
    assert running(66) == f"100/200 1 batch - ETA 0s - {metrics}"
    assert running(58) == f"100/200 - ETA 0s - {metrics}"
    assert running(50) == f"100/200 - {metrics}"
    assert running(30) == "100/200 - loss: 0.5000 - a..."


def test_a_shorter_line_clears_a_longer_one(terminal, clock):
    bar = Progbar(2, interval=0, stateful_metrics=["note"], stream=terminal)
    bar.update(1, [("note", "a long remark that will be gone")])
    bar.update(2, [("note", "short")])
    assert terminal.screen() == ["2/2 [====================] - 0s 0s/step - note: short", ""]


def test_a_log_gets_one_line_without_carriage_returns(log, clock):
    train(Progbar(469, samples=60000, stream=log), clock, seconds=1.2)
    assert log.getvalue() == (
        "60000/60000 [====================] 469 batches - 1s 20us/sample"
        " - loss: 0.2571 - accuracy: 0.9257\n"
    )


def test_verbose_2_leaves_the_bar_out(terminal, log, clock):
    for stream in (terminal, log):
        train(Progbar(469, verbose=2, stream=stream), clock, seconds=0.469)
        assert stream.getvalue() == "469/469 - 469ms 1ms/step - loss: 0.2571 - accuracy: 0.9257\n"


def test_verbose_0_writes_nothing(terminal, clock):
    train(Progbar(3, verbose=0, stream=terminal), clock, 3)
    assert terminal.getvalue() == ""


def test_a_notebook_redraws_and_is_as_wide_as_need_be(clock):
    stream_of_a_kernel = type("OutStream", (io.StringIO,), {"__module__": "ipykernel.iostream"})()
    train(Progbar(4, width=150, interval=0, stream=stream_of_a_kernel), clock, 4)
    assert stream_of_a_kernel.getvalue().count("\r") == 4
    assert stream_of_a_kernel.getvalue().endswith("accuracy: 0.9257\n")


def test_pycharm_redraws(log, clock, monkeypatch):
    monkeypatch.setenv("PYCHARM_HOSTED", "1")
    train(Progbar(4, interval=0, stream=log), clock, 4)
    assert log.getvalue().count("\r") == 4


def test_a_stream_that_can_only_write_is_a_log(log, clock):
    class Writer:
        write, flush = log.write, log.flush

    Progbar(1, stream=Writer()).update(1)
    assert log.getvalue() == "1/1 [====================] - 0s 0s/step\n"


def test_a_dumb_terminal_is_a_log(terminal, clock, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    train(Progbar(4, stream=terminal), clock, 4)
    assert "\r" not in terminal.getvalue()


def test_the_size_of_the_terminal_is_asked_for(terminal, monkeypatch):
    monkeypatch.delenv("COLUMNS")
    assert progress._columns(terminal) == 79  # this one has no file descriptor to ask
    monkeypatch.setattr(Terminal, "fileno", lambda self: 1, raising=False)
    monkeypatch.setattr(
        progress.os, "get_terminal_size", lambda fd: progress.os.terminal_size((50, 9))
    )
    assert progress._columns(terminal) == 49


def test_writes_to_the_stdout_of_the_moment(capsys, clock):
    bar = Progbar(1)
    bar.update(1)
    assert capsys.readouterr().out == "1/1 [====================] - 0s 0s/step\n"


def test_no_stdout_at_all(monkeypatch, clock):
    monkeypatch.setattr(progress.sys, "stdout", None)
    Progbar(1).update(1)


def test_names_that_the_encoding_lacks(terminal, log, clock):
    class Ascii(io.StringIO):
        encoding = "ascii"

    stream = Ascii()
    Progbar(1, stream=stream).update(1, [("손실", 1.0)])
    assert stream.getvalue().endswith("- ??: 1.0000\n")
    Progbar(1, stream=log).update(1, [("손실", 1.0)])
    assert log.getvalue().endswith("- 손실: 1.0000\n")


def test_wide_characters_count_twice():
    assert progress._display_width("손실 loss") == 9
    assert progress._display_width("é") == progress._display_width("e\u0301") == 1


def test_values_are_averaged_by_steps(log, clock):
    bar = Progbar(10, stream=log)
    bar.update(1, [("loss", 4.0)])
    bar.update(4, [("loss", 0.0)])
    assert progress._format_value(*bar._averages["loss"]) == "1.0000"
    bar.update(4, [("loss", 6.0)])  # no new step still weighs one
    assert progress._format_value(*bar._averages["loss"]) == "2.0000"
    bar.update(10, [("loss", 0.125)])
    assert "loss: 0.1250" in log.getvalue()  # the last update speaks for the whole


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({"stateful_metrics": ["rate"]}, "loss: 2.0000 - rate: 1.0000"),
        ({"stateless_metrics": ["rate"]}, "loss: 1.0000 - rate: 2.0000"),
        ({}, "loss: 2.0000 - rate: 2.0000"),
    ],
)
def test_which_values_are_averaged(terminal, clock, chosen, expected):
    bar = Progbar(3, interval=0, stream=terminal, **chosen)
    bar.update(1, [("loss", 3.0), ("rate", 3.0)])
    bar.update(2, [("loss", 1.0), ("rate", 1.0)])
    assert terminal.screen()[0].endswith(expected)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.25714, "0.2571"),
        (-12.5, "-12.5000"),
        (0.0, "0.0000"),
        (0.00099, "9.9000e-04"),
        (0.001, "0.0010"),
        (-3e-5, "-3.0000e-05"),
        (3e7, "3.0000e+07"),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        (np.float32(0.5), "0.5000"),
        (np.array([1.0, 2.0]), "1.5000"),
        ("fast", "fast"),
    ],
)
def test_values_are_written_short(value, text):
    assert progress._format_value(value, 1) == text


@pytest.mark.parametrize(
    ("seconds", "text", "one_unit"),
    [
        (0, "0s", "0s"),
        (4e-7, "0.4us", "0.4us"),
        (0.0009999, "1ms", "1ms"),
        (0.9999, "1s", "1s"),
        (59.4, "59s", "59s"),
        (59.9, "1:00", "60s"),
        (3599.9, "1:00:00", "3600s"),
        (90061, "25:01:01", "90061s"),
    ],
)
def test_durations(seconds, text, one_unit):
    assert progress._duration(seconds) == text
    assert progress._duration(seconds, one_unit=True) == one_unit


def test_errors():
    message = (
        "Progbar expected stateful_metrics or stateless_metrics, not both. "
        "Received: ['a'] and ['b', 'c']. Name the values shown as given, or the values to average."
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        Progbar(1, stateful_metrics=["a"], stateless_metrics=["c", "b"])
    with pytest.raises(
        ValueError, match=re.escape("verbose to be 0 (silent), 1 (a bar) or 2 (one")
    ):
        Progbar(1, verbose="auto")
