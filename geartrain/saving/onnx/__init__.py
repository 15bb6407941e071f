"""ONNX: models as graphs of standard operators, which other runtimes can run.

`export` writes them: a model is traced once, with symbolic batch and time axes. A layer that ONNX
has an operator for becomes that operator (`export/layers`); all else is our own primitive ops,
each of which has a translation (`export/primitives`).
"""
