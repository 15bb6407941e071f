"""Writing ONNX files.

graph.py        nodes in the making: names, constants, what is needed in the end
extents.py      sizes that are known at run time only, as ONNX nodes
primitives/     one table: the name of a primitive op -> ONNX nodes
layers/         one table: a layer's class -> the ONNX operators that say the same
exporter.py     runs the model symbolically and asks both tables
signature.py    the inputs of a model, and the names of its outputs
protobuf.py     the finished graph as ONNX's own data structure
model_file.py   the file
"""
