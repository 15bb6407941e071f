"""What is in a file of a model or of weights, told without loading it.

account.py         what is told: layers, tensors, findings
reading.py         a file's account, by the stages that loading goes through too
configs.py         layers in a configuration, and what is odd or hostile in it
values.py          the tensors' values: SHA-256s, and numbers that are none
onnx.py            the account of an ONNX file
printing.py        an account as text, or as plain data for machines
difference.py      two accounts compared, and the values of their tensors
"""
