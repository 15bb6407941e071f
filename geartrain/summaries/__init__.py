"""Summaries: what TensorBoard shows, written without TensorFlow, by the names of `tf.summary`.

>>> import tempfile
>>> from geartrain import summaries
>>> with tempfile.TemporaryDirectory() as folder:
...     with summaries.create_file_writer(folder).as_default():
...         for step in range(3):
...             _ = summaries.scalar("loss", 0.5**step, step=step)
...     len(summaries.read(folder))
3
"""

from geartrain.summaries.graphs import GraphNode, graph, keras_model
from geartrain.summaries.kinds import audio, histogram, image, scalar, text, write
from geartrain.summaries.reading import read
from geartrain.summaries.writer import (
    SummaryWriter,
    create_file_writer,
    create_noop_writer,
    flush,
    get_step,
    record_if,
    set_step,
    should_record_summaries,
)

__all__ = [
    "GraphNode",
    "SummaryWriter",
    "audio",
    "create_file_writer",
    "create_noop_writer",
    "flush",
    "get_step",
    "graph",
    "histogram",
    "image",
    "keras_model",
    "read",
    "record_if",
    "scalar",
    "set_step",
    "should_record_summaries",
    "text",
    "write",
]
