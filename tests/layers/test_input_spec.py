"""What a layer accepts, and what it says of anything else."""

import pytest

from geartrain.layers import InputSpec
from geartrain.layers.input_spec import check_input


@pytest.mark.parametrize(
    ("spec", "shape"),
    [
        (InputSpec(), (1, 2, 3)),
        (InputSpec(ndim=2), (None, 3)),
        (InputSpec(min_ndim=2, max_ndim=3), (5, 4, 3)),
        (InputSpec(axes={-1: 3, 1: None}), (5, 4, 3)),
        (InputSpec(axes={-1: 3}), (5, None)),
        (InputSpec(shape=(None, 3)), (5, 3)),
        (InputSpec(axes={4: 3}), (5, 3)),
    ],
)
def test_accepted(spec, shape):
    check_input("Layer", spec, shape)


@pytest.mark.parametrize(
    ("spec", "shape", "message"),
    [
        (InputSpec(ndim=3), (5,), r"Layer: expected input of rank 3. Received shape \(5,\).$"),
        (InputSpec(ndim=4), (5, 28, 28), r"Use x\[..., None\] to make it \(5, 28, 28, 1\)"),
        (InputSpec(min_ndim=2), (784,), r"rank 2 or more.*one sample without.*x\[None\]"),
        (InputSpec(ndim=4), (28, 28, 3), r"one sample without its batch axis: use x\[None\]"),
        (InputSpec(ndim=3), (None, 3), r"Use x\[..., None\] to make it \(None, 3, 1\)"),
        (InputSpec(max_ndim=2), (5, 3, 1), r"rank 2 or less. Received shape \(5, 3, 1\)"),
        (InputSpec(shape=(None, 3)), (5, 4), r"expected axis 1 3. Received shape \(5, 4\)"),
        (InputSpec(axes={1: 3}), (5, 4), "expected axis 1 3"),
        (
            InputSpec(axes={-1: 784}),
            (5, 28, 28),
            r"expected last axis 784. Received shape \(5, 28, 28\). These look like 28 x 28 "
            r"images: use x.reshape\(len\(x\), 784\), or add Flatten\(\) first.",
        ),
        (InputSpec(axes={-1: 784}), (784, 5), "The axes look swapped: use x.T."),
        (InputSpec(axes={-1: 7}), (5, 4), r"expected last axis 7. Received shape \(5, 4\).$"),
    ],
)
def test_refused(spec, shape, message):
    with pytest.raises(ValueError, match=message):
        check_input("Layer", spec, shape)


def test_the_shape_gives_the_rank():
    assert InputSpec(shape=(None, 3)).ndim == 2
    assert repr(InputSpec(ndim=2, axes={-1: 3})) == "InputSpec(ndim=2, axes={-1: 3})"
