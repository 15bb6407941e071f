# What a script sees of how it was started.
import os
import sys

import keras
import tensorflow as tf

major, minor, *_ = (int(part) for part in keras.__version__.split("."))
assert (major, minor) >= (3, 0)
assert tf.__version__.startswith("2.")
assert keras.version() == keras.__version__
assert __name__ == "__main__"
print(os.path.basename(sys.argv[0]), *sys.argv[1:], os.path.basename(__file__))
