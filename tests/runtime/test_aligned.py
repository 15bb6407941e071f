"""Arrays that begin at cache lines: every size and type, and all variables."""

import numpy as np
import pytest

import geartrain as keras
from geartrain.compiler.analysis.memory import ALIGNMENT
from geartrain.runtime.aligned import address_of, aligned_empty


@pytest.mark.parametrize("dtype", ["bool", "uint8", "float16", "float32", "float64"])
@pytest.mark.parametrize("shape", [(), (0, 3), (1,), (5, 7), (3, 0)])
def test_arrays_begin_at_cache_lines_and_hold_values(shape, dtype):
    for _ in range(3):
        array = aligned_empty(shape, np.dtype(dtype))
        array[...] = 1
        assert address_of(array) % ALIGNMENT == 0 or not array.size
        assert array.shape == shape and array.dtype == dtype
        assert array.flags.c_contiguous and array.flags.writeable and (array == 1).all()


def test_variables_begin_at_cache_lines_and_stay_there():
    variable = keras.Variable(np.arange(6.0).reshape(2, 3)[:, ::-1])
    np.testing.assert_array_equal(variable.numpy(), [[2, 1, 0], [5, 4, 3]])
    variable.assign(np.ones((2, 3)))
    assert address_of(variable.array) % ALIGNMENT == 0
