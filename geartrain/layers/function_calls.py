"""Calls of `geartrain.ops` as operations of a model, under the names that files give them.

In a config, `ops.sum(x, axis=1)` is an object of the class `Sum` with the config
`{"name": "sum", "axis": 1, "keepdims": false}`, called on `x`: Keras has a class behind each
function, which takes some of its arguments, and is called on the others. The table below says
which class, and which arguments. It is all that a file can name: a class that is not in it is
refused, and nothing is looked up elsewhere.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, ClassVar

import numpy as np

from geartrain import activations, config, ops, tree
from geartrain.errors import shown
from geartrain.graph.dtypes import standardize_dtype
from geartrain.graph.evaluate import Plan
from geartrain.graph.node import Node, sorted_nodes
from geartrain.graph.rewrite import substitute
from geartrain.graph.shapes import BATCH
from geartrain.layers.operation import Operation
from geartrain.layers.symbolic import Call, KerasTensor
from geartrain.ops import image
from geartrain.ops.operands import operand
from geartrain.ops.sizes import Size, leaves_of
from geartrain.registry import automatic_name, register
from geartrain.runtime.variable import Variable, current_trace

# Keras's module | arguments of the call (`name=`: by name) | arguments of the class | functions,
# each with its class where that is not its name in CamelCase. tests/recorded/operations.json is
# what Keras itself says.
_TABLE = """
activations.activations | x | negative_slope max_value threshold | activations.relu=ReLU
ops.core | x | dtype | cast saturate_cast
ops.core | x | dtype sparse ragged | convert_to_tensor
ops.core | indices values | shape | scatter
ops.core | inputs indices updates | reduction | scatter_update
ops.core | inputs start_indices | shape | slice
ops.core | inputs start_indices updates | | slice_update
ops.core | variable | | stop_gradient
ops.core | x | num axis | unstack
ops.image | images | data_format | image.rgb_to_grayscale=RGBToGrayscale image.rgb_to_hsv=RGBToHSV
ops.image | images | data_format | image.hsv_to_rgb=HSVToRGB image.sobel_edges
ops.image | image1 image2 | max_val filter_size filter_sigma k1 k2 data_format | image.ssim=SSIM
ops.image | images | kernel_size sigma data_format | image.gaussian_blur
ops.image | images | alpha sigma interpolation fill_mode fill_value seed data_format \
| image.elastic_transform
ops.image | images output_shape scale translation | spatial_dims method antialias \
| image.scale_and_translate
ops.image | images | size interpolation antialias crop_to_aspect_ratio pad_to_aspect_ratio \
fill_mode fill_value data_format | image.resize
ops.image | images | size strides dilation_rate padding data_format | image.extract_patches \
image.extract_patches_3d=ExtractPatches
ops.image | images | top_cropping left_cropping bottom_cropping right_cropping target_height \
target_width data_format | image.crop_images
ops.image | images | top_padding left_padding bottom_padding right_padding target_height \
target_width data_format | image.pad_images
ops.image | images transform | interpolation fill_mode fill_value data_format \
| image.affine_transform
ops.image | images start_points end_points | interpolation fill_value data_format \
| image.perspective_transform
ops.image | inputs coordinates | order fill_mode fill_value | image.map_coordinates
ops.linalg | x | | det eigh inv lu_factor
ops.linalg | x | upper | cholesky cholesky_inverse
ops.linalg | a b | | solve
ops.linalg | a b | lower | solve_triangular
ops.linalg | a b | rcond | lstsq
ops.linalg | x | tol | matrix_rank
ops.linalg | x | ord axis keepdims | norm
ops.linalg | x | rcond | pinv
ops.linalg | x | mode | qr
ops.linalg | x | full_matrices compute_uv | svd=SVD
ops.math | x | | logdet
ops.math | data segment_ids | num_segments sorted | segment_max segment_min segment_prod
ops.math | data segment_ids | num_segments sorted | segment_sum
ops.einops | tensor pattern | | rearrange
ops.math | x | | erf erfc erfinv fft=FFT fft2=FFT2 ifft2=IFFT2 rsqrt view_as_real
ops.math | x | fft_length | rfft=RFFT irfft=IRFFT
ops.math | x | sequence_length sequence_stride | extract_sequences
ops.math | x | sequence_length sequence_stride fft_length window center | stft=STFT
ops.math | x | sequence_length sequence_stride fft_length length window center | istft=ISTFT
ops.math | x y | | cdist=CDist
ops.math | targets predictions | k | in_top_k=InTopK
ops.math | x | axis keepdims | logsumexp
ops.math | x | k sorted | top_k=TopK
ops.nn | x | | hard_sigmoid hard_silu hard_swish=HardSilu hard_tanh log_sigmoid relu relu6 selu
ops.nn | x | | sigmoid silu swish=Silu softplus softsign sparse_plus sparse_sigmoid tanh_shrink
ops.nn | x | axis | glu log_softmax softmax sparsemax
ops.nn | inputs | output_size data_format | adaptive_average_pool adaptive_max_pool
ops.nn | inputs | pool_size strides padding data_format | average_pool max_pool
ops.nn | target output | from_logits axis | categorical_crossentropy
ops.nn | target output | from_logits axis | sparse_categorical_crossentropy
ops.nn | target output | from_logits | binary_crossentropy
ops.nn | x | alpha | celu elu
ops.nn | inputs kernel | strides padding data_format dilation_rate | conv depthwise_conv
ops.nn | inputs kernel | strides padding output_padding data_format dilation_rate | conv_transpose
ops.nn | inputs depthwise_kernel pointwise_kernel | strides padding data_format dilation_rate \
| separable_conv
ops.nn | x | threshold | hard_shrink soft_shrink
ops.nn | x mean variance offset scale | axis epsilon | batch_normalization=BatchNorm
ops.nn | query key value bias= mask= scale= | is_causal flash_attention attn_logits_soft_cap \
| dot_product_attention
ops.nn | x | approximate | gelu
ops.nn | x gamma beta | axis epsilon rms_scaling | layer_normalization=LayerNorm
ops.nn | x scale= | axis epsilon | rms_normalization=RMSNorm
ops.nn | x | negative_slope | leaky_relu
ops.nn | x | axes keepdims synchronized | moments
ops.nn | inputs | num_classes axis dtype sparse | multi_hot
ops.nn | x | num_classes axis dtype sparse | one_hot
ops.nn | x | axis order epsilon | normalize
ops.nn | x | b | squareplus
ops.nn | x | threshold default_value | threshold
ops.nn | x | block_size data_format | depth_to_space space_to_depth
ops.nn | x | output_size kernel_size dilation padding stride | fold
ops.nn | x | kernel_size dilation padding stride | unfold
ops.nn | x1 x2 | max_val | psnr=PSNR
ops.nn | target output target_length output_length | mask_index | ctc_loss=CTCLoss
ops.nn | inputs sequence_lengths | strategy beam_width top_paths merge_repeated mask_index \
| ctc_decode=CTCDecode
ops.numpy | x | | absolute abs=Absolute arccos arccosh arcsin arcsinh arctan arctanh ceil copy
ops.numpy | x | | cos cosh exp exp2 expm1 fabs fliplr flipud floor isfinite isinf isnan log log10
ops.numpy | x | | log1p log2 logical_not ndim negative nonzero ravel reciprocal sign sin sinh size
ops.numpy | x | | slogdet sqrt square tan tanh trunc angle bitwise_invert bitwise_not cbrt
ops.numpy | x | | conj=Conjugate conjugate corrcoef deg2rad i0 imag isneginf isposinf isreal
ops.numpy | x | | rad2deg real signbit sinc
ops.numpy | x y | | bitwise_and bitwise_left_shift bitwise_or bitwise_right_shift bitwise_xor
ops.numpy | x y | | left_shift right_shift
ops.numpy | x1 x2 | | add arctan2 divide divide_no_nan dot equal floor_divide fmax fmin greater
ops.numpy | x1 x2 | | greater_equal hypot inner kron less less_equal logaddexp logical_and
ops.numpy | x1 x2 | | logical_or logical_xor matmul maximum minimum mod multiply not_equal outer
ops.numpy | x1 x2 | | power subtract true_divide vdot fmod gcd heaviside lcm ldexp
ops.numpy | x1 x2 | | logaddexp2 nextafter
ops.numpy | x | axis keepdims | all amax amin any argmax argmin mean median nanmax nanmean nanmin
ops.numpy | x | axis keepdims | nanprod nanstd nansum nanvar std sum var
ops.numpy | x | axis keepdims | nanargmax nanargmin nanmedian ptp
ops.numpy | x | axis keepdims initial | max min
ops.numpy | x | axis keepdims dtype | prod
ops.numpy | x | axis | argsort count_nonzero expand_dims flip sort squeeze stack
ops.numpy | xs | axis | concatenate
ops.numpy | xs | | dstack hstack vstack
ops.numpy | x | dtype | array empty_like ones_like zeros_like
ops.numpy | x fill_value | dtype | full_like
ops.numpy | fill_value | shape dtype | full
ops.numpy | x | k | diag diagflat tril triu
ops.numpy | x | indices_or_sections axis | array_split split
ops.numpy | x | indices_or_sections | dsplit hsplit vsplit
ops.numpy | x | axis dtype | cumprod cumsum nancumprod nancumsum
ops.numpy | x | offset axis1 axis2 | diagonal trace
ops.numpy | x q | axis method keepdims | percentile quantile nanpercentile nanquantile
ops.numpy | x indices | axis | take take_along_axis
ops.numpy | x1 x2 | rtol atol equal_nan | allclose=AllClose
ops.numpy | x1 x2 rtol atol | equal_nan | isclose
ops.numpy | x1 x2 | assume_unique invert | isin=IsIn
ops.numpy | x1 x2 | axis | append
ops.numpy | x1 x2 | axisa axisb axisc axis | cross
ops.numpy | x1 x2 | axes | tensordot
ops.numpy | start stop step= | dtype | arange
ops.numpy | start stop | num endpoint retstep dtype axis | linspace
ops.numpy | start stop | num endpoint base dtype axis | logspace
ops.numpy | start stop | num endpoint dtype axis | geomspace
ops.numpy | x | kth axis | argpartition
ops.numpy | x1 x2 | mode | correlate
ops.numpy | x | bins range | histogram
ops.numpy | y | x dx axis | trapezoid
ops.numpy | indices | shape | unravel_index
ops.numpy | x | N increasing | vander
ops.numpy | x | dtype | view
ops.numpy | x weights= | axis | average
ops.numpy | x | weights minlength sparse | bincount
ops.numpy | x | shape | broadcast_to
ops.numpy | x | x_min x_max | clip
ops.numpy | a | n axis | diff
ops.numpy | x bins | | digitize
ops.numpy | *operands | subscripts | einsum
ops.numpy | *x | indexing | meshgrid
ops.numpy | x key | | get_item
ops.numpy | x | source destination | moveaxis
ops.numpy | x | nan posinf neginf | nan_to_num
ops.numpy | x constant_values= | pad_width mode | pad
ops.numpy | x | repeats axis | repeat
ops.numpy | x | repeats | tile
ops.numpy | x | newshape | reshape
ops.numpy | x | shift axis | roll
ops.numpy | array | k axes | rot90
ops.numpy | x | decimals | round
ops.numpy | sorted_sequence values | side | searchsorted=SearchSorted
ops.numpy | condlist choicelist default | | select
ops.numpy | condition x1 x2 | | where
ops.numpy | x | axis1 axis2 | swapaxes
ops.numpy | x | axes | transpose
ops.numpy | x | sorted return_index return_inverse return_counts axis size fill_value | unique
"""

# Functions that no model of Keras calls, since there they do not depend on any tensor; here sizes
# of tensors may be among their arguments. Keras cannot read files with them.
_TABLE_OF_SIZES = """\
ops.numpy | shape | dtype | zeros=OfZeros ones=OfOnes empty=OfEmpty
ops.numpy | N M | k dtype | eye=Eye tri=Tri
ops.numpy | n | dtype | identity=IdentityMatrix
"""


class FunctionCall(Operation):
    """A call of a public function: what `ops.add(x, 1)` of a symbolic tensor becomes.

    Its subclasses are those that the table lists.

    Args:
        name: its name.
        static: the function's arguments that are the same at each call.

    >>> from geartrain import Input, ops
    >>> total = ops.sum(Input((3,)), axis=-1)
    >>> type(total.call.operation).__name__, total.call.operation.static
    ('Sum', {'axis': -1, 'keepdims': False})
    """

    function: ClassVar[Callable[..., Any]]
    arguments: ClassVar[tuple[str, ...]]  # of the call, in order; `=` behind those given by name
    settings: ClassVar[tuple[str, ...]]  # arguments of the class
    keras_module: ClassVar[str]

    def __init__(self, name: str | None = None, **static: Any) -> None:
        super().__init__(name)
        self.static = {key: static[key] for key in self.settings if key in static}

    @classmethod
    def of(cls, args: Any, kwargs: Any) -> tuple[FunctionCall, Any, Any]:
        """The operation for a call of the function, and the arguments to call it with."""
        bound = _signature(cls.function).bind(*args, **kwargs)
        bound.apply_defaults()
        open_ended = [n for n, p in bound.signature.parameters.items() if p.kind is p.VAR_KEYWORD]
        more = {} if not open_ended else bound.arguments.pop(open_ended[0], {})
        given = {**bound.arguments, **more}
        called = {name: value for name, value in more.items() if name not in cls.settings}
        static: dict[str, Any] = {}
        for name in cls.settings:
            if name in given:
                several = leaves_of(given[name])
                tensors = any(isinstance(x, Node | Size | Variable | np.ndarray) for x in several)
                (called if tensors else static)[name] = given[name]
        if static.get("dtype") is not None:
            static["dtype"] = standardize_dtype(static["dtype"])
        if "data_format" in static:
            static["data_format"] = static["data_format"] or config.image_data_format()
        placed: list[Any] = []
        for name in cls.arguments:
            if name.startswith("*"):
                placed.extend(given[name[1:]])
            elif name.endswith("="):
                called[name[:-1]] = given[name[:-1]]
            else:
                placed.append(given[name])
        return cls(**static), tuple(placed), called

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """The function's result."""
        function = type(self).function
        given = {**self.static, **kwargs}
        if self.arguments[0].startswith("*"):
            names = _signature(function).parameters
            first = [given.pop(name) for name in names if name in given and name == "subscripts"]
            return function(*first, *args, **given)
        names = (name.rstrip("=") for name in self.arguments)
        return function(**dict(zip(names, args, strict=False)), **given)

    def get_config(self) -> dict[str, Any]:
        """The name, and the arguments that are the same at each call."""
        return {"name": self.name, **self.static}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """The operation that `get_config` described."""
        known = {key: value for key, value in config.items() if key in ("name", *cls.settings)}
        odd = {key: value for key, value in config.items() if key not in known and value}
        if odd:
            raise ValueError(
                f"{cls.__name__}: expected a config with {', '.join(('name', *cls.settings))}. "
                f"Received: {shown(odd)}"
            )
        return cls(**known)


class _Indexing(FunctionCall):
    """`x[key]`: in files a list is the tuple that it was, so lists of indices are arrays."""

    @classmethod
    def of(cls, args: Any, kwargs: Any) -> tuple[FunctionCall, Any, Any]:
        """The operation for `get_item(x, key)`; the key is always a tuple, as Keras wants it."""
        operation, (x, key), called = super().of(args, kwargs)
        keys = key if isinstance(key, tuple) else (key,)
        keys = tuple(np.asarray(one) if isinstance(one, list) else one for one in keys)
        return operation, (x, keys), called

    def call(self, x: Any, key: Any) -> Any:
        """`x[key]`."""
        return ops.get_item(x, tuple(key) if isinstance(key, list) else key)


@cache
def _signature(function: Any) -> inspect.Signature:
    return inspect.signature(function)


def _classes() -> dict[str, type[FunctionCall]]:
    """The class behind each function, all of them made and registered."""
    made: dict[str, type[FunctionCall]] = {}
    found: dict[str, type[FunctionCall]] = {}
    for line in (_TABLE + _TABLE_OF_SIZES).strip().splitlines():
        module, arguments, settings, functions = map(str.split, line.split("|"))
        for item in functions:
            name, _, class_name = item.partition("=")
            class_name = class_name or "".join(
                map(str.capitalize, name.rpartition(".")[2].split("_"))
            )
            if class_name not in made:
                parts = {
                    "function": staticmethod(_function_named(name)),
                    "arguments": tuple(arguments),
                    "settings": tuple(settings),
                    "keras_module": f"keras.src.{module[0]}",
                    "__doc__": f"A call of `ops.{name}`.",
                    "__module__": __name__,
                }
                base = _Indexing if name == "get_item" else FunctionCall
                made[class_name] = register("ops")(type(class_name, (base,), parts))
            found[name] = made[class_name]
    return found


def _function_named(name: str) -> Callable[..., Any]:
    space, _, own = name.rpartition(".")
    return getattr({"": ops, "activations": activations, "image": image}[space], own)


_CLASSES = _classes()


def recorded_call(function: Callable[..., Any], args: Any, kwargs: Any, result: Any) -> Any:
    """The result of a function of symbolic tensors, as tensors that remember the call."""
    space = function.__module__.removeprefix("geartrain.ops").lstrip(".")
    cls = _CLASSES.get(f"{space}.{function.__name__}" if space else function.__name__)
    if cls is None:
        return result
    bound = _signature(function).bind(*args, **kwargs)  # another name may have other parameters
    operation, args, kwargs = cls.of(bound.args, bound.kwargs)
    return Call(operation, args, kwargs).finish(result)


class GraphCall(Operation):
    """A call of a function of functions, such as `ops.cond`: the graph that came of it.

    What the functions use of a model, as arguments or not, are the operation's inputs.

    Args:
        name: its name.
        inputs: the model's symbolic tensors that the graph reads.
        outputs: its nodes.
    """

    def __init__(self, name: str, inputs: Sequence[Node], outputs: Sequence[Node]) -> None:
        super().__init__(automatic_name(name))
        self._function, self._inputs, self._outputs = name, list(inputs), list(outputs)

    def call(self, *args: Any) -> Any:
        """The results, in a list, for other inputs."""
        given = {node: Node.wrap(operand(x)) for node, x in zip(self._inputs, args, strict=True)}
        batches = [x.extents[0] for node, x in given.items() if node.extents[:1] == (BATCH,)]
        batch = batches[0] if batches and isinstance(batches[0], int) else None
        made = substitute(self._outputs, given, batch)
        if current_trace() or any(isinstance(x, Node) for x in args):
            return made
        plan = Plan(made)
        leaves = [node.leaf for node in plan.leaves]
        arrays = {leaf: leaf.array for leaf in leaves if isinstance(leaf, Variable)}
        return plan.run(arrays, batch)

    def get_config(self) -> dict[str, Any]:
        """Refused: a file cannot hold functions."""
        raise TypeError(
            f"ops.{self._function}: expected a model of parts that a file can describe. Received "
            f"{self.name!r}, a call with functions. Put it into the call method of a layer of "
            "your own, decorated with @keras.saving.register_keras_serializable()."
        )


def graph_call(name: str, result: Any) -> Any:
    """The result of a function of functions, as tensors that remember the call."""
    flat = tree.flatten(result)
    nodes = [leaf for leaf in flat if isinstance(leaf, Node)]
    inputs = [node for node in sorted_nodes(nodes) if isinstance(node, KerasTensor)]
    if not inputs:
        return result
    call = Call(GraphCall(name, inputs, nodes), tuple(inputs), {})
    made = iter(call.finish(nodes))
    return tree.pack_sequence_as(result, [next(made) if isinstance(x, Node) else x for x in flat])
