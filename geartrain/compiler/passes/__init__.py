"""The passes of the compiler, in the order in which `pipeline.py` lists them."""
