"""Every error of `geartrain.ops`: who failed, what was expected and received; none is untested."""

from __future__ import annotations

import ast
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from geartrain import ops
from geartrain.graph.eager import eager
from geartrain.graph.node import placeholder
from geartrain.graph.shapes import BATCH
from geartrain.ops import elementwise, folds, indexing, masks, operands, random, solving, views
from geartrain.ops.fourier import fourier
from geartrain.ops.rematerializing import remat
from geartrain.ops.tapers import named_window
from geartrain.runtime.function import jit
from tests.ops import test_control, test_decomposing

FOLDER = Path(ops.__file__).parent
V, M, T = np.zeros(3), np.zeros((2, 3)), np.zeros((2, 3, 4))
FLAGS = np.zeros(3, "bool")
FLOAT = np.zeros(3, "float32")
NODE = placeholder((3,), "float32", "x")
INDEX = placeholder((3,), "int32", "i")
TEXTS = placeholder((3,), "string", "s")
ROWS = placeholder((BATCH, 3), "float32", "x")
COUNT = ops.shape(ROWS)[0]

ERRORS: list[tuple[Callable, type[Exception], str]] = [
    # operands
    (lambda: ops.exp("text"), TypeError, r"exp: expected a tensor of numbers.*: 'text' of "),
    (lambda: ops.exp(ROWS.shape[0]), TypeError, r"exp: .* None. .*write ops.shape\(x\)\[axis\]"),
    (lambda: ops.cast(TEXTS, "float32"), TypeError, r"cast: expected a tensor.*one of strings"),
    (lambda: masks._read(M), AttributeError, r"ndarray has no mask: no layer left one"),
    # sizes
    (lambda: bool(COUNT), TypeError, r"bool\(\): expected a number. .*batch, which is not known"),
    (lambda: int(COUNT + 1), TypeError, r"int\(\): .*batch \+ 1.*ops.arange\(size\)"),
    (lambda: float(COUNT), TypeError, r"float\(\): expected a number"),
    (lambda: range(COUNT), TypeError, r"range\(\) or index: .*in the call of a layer"),
    (lambda: list(COUNT), TypeError, r"cannot be iterated over. Received: <size batch>"),
    (lambda: COUNT[0], TypeError, r"has no parts. Received: <size batch>\[0\]"),
    (lambda: COUNT // 0, ZeroDivisionError, r"Division of a size by 0: <size batch>"),
    (lambda: bool(COUNT > 3), TypeError, r"no truth value yet.*ops.where"),
    (lambda: ops.zeros((None, 3)), ValueError, r"zeros: .*Received: None, .*ops.shape\(x\)\[a"),
    (lambda: ops.zeros((INDEX[0], 3)), ValueError, r"zeros: .*not depend on values.*: <node"),
    (lambda: ops.linspace(0, 1, COUNT), ValueError, r"linspace: .*known now. Received: .*batch, "),
    (lambda: ops.arange(0.5, COUNT), ValueError, r"arange: .*whole ones.*Received: 0.5, <size"),
    (lambda: ROWS[COUNT - 3 :], ValueError, r"get_item: .*one end. Received: batch \+ -3, which"),
    (lambda: ops.pad(ROWS, COUNT - 1), ValueError, r"pad: .*of at least 0. Received: <size"),
    (lambda: ops.slice(ROWS, (0, 0), (4, 2)), ValueError, r"slice: .*within shape \(None, 3\)"),
    (lambda: ops.exp([[1], [2, 3]]), ValueError, r"exp: .*of equal lengths. Received: \[\[1\]"),
    (lambda: ops.add(np.uint8([1]), 256), ValueError, r"add: .*fit uint8, from 0 to 255.*: 256"),
    (lambda: ops.add(V, M[:, :2]), ValueError, r"add: shapes \(3,\) and \(2, 2\) do not broadcast"),
    (lambda: ops.where(FLAGS, V, 1.0 * M[:1, :2]), ValueError, r"where: shapes \(3,\), |where: sh"),
    (lambda: ops.broadcast_to(V, (2, 4)), ValueError, r"broadcast_to: .*\(2, 4\).*shape \(3,\)"),
    (lambda: ops.sum(M, axis=(0, -2)), ValueError, r"sum: expected each axis once. .*\(0, -2\)"),
    (lambda: remat(3), TypeError, r"remat: expected a function. Received: 3"),
    (lambda: eager(1 * M)._keras_mask, AttributeError, r"EagerTensor has no mask: no layer left"),
    (lambda: ops.sum(M, axis=1.0), TypeError, r"sum: expected a whole number as axis.*axis=1.0"),
    (lambda: ops.zeros((2, 1.5)), TypeError, r"zeros: expected whole numbers as sizes. .*: 1.5"),
    (lambda: ops.repeat(V, -1), ValueError, r"repeat: expected repeats of 0 or more. .*: -1"),
    (lambda: ops.sum(M, axis=2), ValueError, r"sum: expected an axis in \[-2, 1\].*axis=2"),
    # arithmetic and logic
    (lambda: ops.subtract(FLAGS, FLAGS), TypeError, r"subtract: expected numbers.*logical_xor"),
    (lambda: ops.negative(FLAGS), TypeError, r"negative: expected numbers.*logical_not"),
    (lambda: ops.where(FLAGS, V), ValueError, r"where: expected both x1 and x2"),
    (lambda: ops.select([FLAGS], []), ValueError, r"select: .*1 conditions, 0 choices"),
    # creation and conversion
    (lambda: ops.convert_to_numpy(NODE), ValueError, r"convert_to_numpy: .*: <node x.*none yet"),
    (lambda: ops.convert_to_tensor(V, ragged=True), ValueError, r"dense tensor. Received: ragged"),
    (lambda: ops.zeros((2, -1)), ValueError, r"zeros: expected sizes of at least 0.*\(2, -1\)"),
    (lambda: ops.add(np.int32([1]), 2**31), ValueError, r"fit int32, from -2147483648 to 21474836"
     ),
    (lambda: ops.multiply(2**70, 2), ValueError, r"fit int32.*Received: 1180591620717411303424"),
    (lambda: ops.add(np.uint8([1]), -1), ValueError, r"fit uint8, from 0 to 255. Received: -1"),
    (lambda: ops.array([2**63]), ValueError, r"fit int32.*Received: \[9223372036854775808\]"),
    (lambda: ops.arange(2**31 - 1, 2**31 + 1), ValueError, r"fit int32.*Received: array"),
    (lambda: ops.arange(NODE), TypeError, r"arange: expected sizes that.*Received: <node x"),
    (lambda: ops.arange(None), TypeError, r"arange: expected numbers.*Received: None, None, None"),
    (lambda: ops.arange(0, 3, 0), ValueError, r"arange: expected a step other than 0"),
    (lambda: ops.one_hot(INDEX, 3, sparse=True), ValueError, r"one_hot: .*sparse=True"),
    (lambda: ops.one_hot(INDEX, 3, axis=2), ValueError, r"one_hot: expected an axis.*axis=2"),
    (lambda: ops.multi_hot([1], tokens=3), TypeError, r"multi_hot got an unexpected.*'tokens'"),
    (lambda: ops.multi_hot([1]), ValueError, r"multi_hot: expected num_classes.*Received: None"),
    (lambda: ops.linspace(0, 1, -1), ValueError, r"linspace: expected num.*Received: -1"),
    (lambda: ops.meshgrid(V, indexing="ji"), ValueError, r"meshgrid: .*'ji'"),
    (lambda: ops.meshgrid(M), ValueError, r"meshgrid: .*ranks \[2\]"),
    # shapes
    (lambda: ops.reshape(V, (2, 2)), ValueError, r"reshape: .*3 values.*\(3,\).*Received: \(2, 2"),
    (lambda: ops.reshape(V, (-1, -1)), ValueError, r"reshape: .*at most one -1.*\(-1, -1\)"),
    (lambda: ops.reshape(ROWS, (-1, 2)), ValueError, r"reshape: .*3\*batch values.*\(None, 3\)"),
    (lambda: ops.transpose(M, (0, 0)), ValueError, r"transpose: expected an order.*\(0, 0\)"),
    (lambda: ops.moveaxis(M, (0, 1), 0), ValueError, r"moveaxis: .*source=\(0, 1\), destination=0"),
    (lambda: ops.squeeze(M, 0), ValueError, r"squeeze: .*size 1. Received: axis=0 of shape \(2, 3"),
    (lambda: ops.concatenate([]), ValueError, r"concatenate: expected at least one tensor"),
    (lambda: ops.concatenate([V, M]), ValueError, r"concatenate: .*only.*float64\[3\], float64"),
    (lambda: ops.stack([V, M]), ValueError, r"stack: .*Received shapes: \(3,\), \(2, 3\)"),
    (lambda: ops.unstack(M, num=3), ValueError, r"unstack: .*known size 3.*axis 0 of shape \(2, 3"),
    (lambda: ops.unstack(ROWS), ValueError, r"unstack: .*known size. .*\(None, 3\)"),
    # rearranging
    (lambda: ops.rot90(M, axes=(0,)), ValueError, r"rot90: expected two axes.*axes=\(0,\)"),
    (lambda: ops.roll(M, (1, 2), (0, 1, 0)), ValueError, r"roll: .*shift=\(1, 2\), axis=\(0, 1, 0"),
    (lambda: ops.repeat(V, [1, 2]), ValueError, r"repeat: .*or 3 of them.*shape \(2,\)"),
    (lambda: ops.pad(V, 1, mode="median"), ValueError, r"pad: .*mode='median'"),
    (lambda: ops.pad(V, 1, "edge", 3), ValueError, r"pad: .*constant_values=3"),
    (lambda: ops.pad(V, -1), ValueError, r"pad: .*1 pairs, of at least 0. Received: -1"),
    (lambda: ops.pad(V, ((1, 2, 3),)), ValueError, r"pad: .*1 pairs.*\(\(1, 2, 3\),\)"),
    (lambda: ops.pad(ROWS, 1, "edge"), ValueError, r"pad: .*'constant' for the axes.*'edge'"),
    (lambda: ops.split(V, 2), ValueError, r"split: .*all of one size.*2 parts of axis 0 of shape"),
    (lambda: ops.array_split(V, 0), ValueError, r"array_split: expected at least 1 part.*0 parts"),
    # products
    (lambda: ops.matmul(1.0, V), ValueError, r"matmul: .*\(\) and \(3,\).*ops.multiply"),
    (lambda: ops.matmul(M, M), ValueError, r"matmul: .*3 is not 2. ops.transpose\(x1\), of shape"),
    (lambda: ops.dot(T, M), ValueError, r"dot: .*\(2, 3, 4\) and \(2, 3\): 4 is not 2. Check"),
    (lambda: ops.dot(M, V[:2]), ValueError, r"dot: .*\(n,\).*ops.transpose\(x1\)"),
    (lambda: ops.dot(T[0], M[:, :0].T), ValueError, r"dot: .*4 is not 0"),
    (lambda: ops.matmul(M, np.zeros((4, 3))), ValueError, r"matmul: .*ops.transpose\(x2\), of"),
    (lambda: ops.matmul(T, np.zeros((3, 4, 1))), ValueError, r"matmul, in the axes in front: sh"),
    (lambda: ops.inner(M, V[:2]), ValueError, r"inner: .*3 is not 2"),
    (lambda: ops.vdot(M, V), ValueError, r"vdot: .*6 is not 3"),
    (lambda: ops.tensordot(M, M, 1), ValueError, r"tensordot: .*axes=1 of shapes.*\(3,\) and \(2,"),
    (lambda: ops.cross(V, np.zeros(4)), ValueError, r"cross: expected vectors of size 2 or 3.*\(4"),
    (lambda: ops.einsum("i->i", V, optimize=True), TypeError, r"einsum: .*Received: optimize"),
    (lambda: ops.einsum("ij->i", V), ValueError, r"einsum: .*'ij->i' for tensors of ranks \[1\]"),
    (lambda: ops.einsum("i,j", V), ValueError, r"einsum: .*'i,j' for tensors of ranks \[1\]"),
    (lambda: ops.einsum("i->j", V), ValueError, r"einsum: .*letters of the tensors, each once"),
    (lambda: ops.einsum("i,i", V, V[:2]), ValueError, r"einsum: .*\(3,\), \(2,\): 'i' would be"),
    (lambda: ops.diagonal(V), ValueError, r"diagonal: .*rank 2 or more.*shape \(3,\)"),
    (lambda: ops.diagonal(T, axis1=1, axis2=-2), ValueError, r"diagonal: .*two different axes"),
    (lambda: ops.diagonal(ROWS), ValueError, r"diagonal: .*known now. Received: shape"),
    (lambda: ops.diag(T), ValueError, r"diag: expected a vector or a matrix.*\(2, 3, 4\)"),
    (lambda: ops.tril(V), ValueError, r"tril: expected a tensor of rank 2 or more.*\(3,\)"),
    # folds and statistics
    (lambda: ops.max(np.zeros((2, 0)), axis=1), ValueError, r"max: an axis of size 0.*\(2, 0\)"),
    (lambda: ops.argmax(np.zeros((2, 0)), axis=1), ValueError, r"argmax: .*axis 1 of shape \(2, 0"),
    (lambda: ops.prod(ROWS, axis=0), ValueError, r"prod: .*Received: shape \(3, None\), wh"),
    (lambda: ops.moments(V, 0, synchronized=True), ValueError, r"moments: .*synchronized=True"),
    (lambda: ops.average(M, 0, weights=V), ValueError, r"average: .*\(2, 3\).*shape \(3,\), axis"),
    (lambda: ops.diff(V, n=-1), ValueError, r"diff: expected n of at least 0. Received: -1"),
    (lambda: ops.norm(T, ord=3, axis=(0, 1)), ValueError, r"norm: .*ord=3, axis=\(0, 1\)"),
    (lambda: ops.norm(T, ord="fro", axis=0), ValueError, r"norm: .*ord='fro', axis=0"),
    (lambda: ops.normalize(V, order=0), ValueError, r"normalize: .*int >= 1. Received: order=0"),
    # reading and writing
    (lambda: ops.get_item(V, (0, 0)), ValueError, r"get_item: .*at most 1 ind.*\(3,\).*\(0, 0\)"),
    (lambda: ops.get_item(V, (..., ...)), ValueError, r"get_item: .*one ... for.*Ellipsis"),
    (lambda: ops.get_item(V, 1.5), TypeError, r"get_item: expected an index. Received: 1.5"),
    (lambda: ops.get_item(V, NODE), TypeError, r"get_item: .*'a tensor of dtype float32'"),
    (lambda: ops.get_item(V, 3), ValueError, r"get_item: .*\[-3, 2\] for axis 0.*Received: 3"),
    (lambda: ops.get_item(V, np.array([0, -4])), ValueError, r"\[-3, 2\]. Received: -4"),
    (lambda: ops.get_item(V, slice(NODE, None)), TypeError, r"whole numbers in a slice.*ops.take"),
    (lambda: ops.get_item(V, slice(0, 1, 0)), ValueError, r"step other than 0 in a slice"),
    (lambda: ops.take(V, 0.5), ValueError, r"take: expected integer indices.*float32"),
    (lambda: ops.take(V, 3), ValueError, r"take: expected indices in \[-3, 2\]. Received: 3"),
    (lambda: ops.take_along_axis(M, INDEX, 1), ValueError, r"take_along_axis: .*rank 2.*\(3,\)"),
    (lambda: ops.slice(V, (2,), (2,)), ValueError, r"slice: .*shape \(3,\).*\(2,\), shape=\(2,\)"),
    (lambda: ops.slice(V, (2, 0), (1, 1)), ValueError, r"slice: expected one start.*\(2, 0\)"),
    (lambda: ops.slice(M, (0, 0), (2,)), ValueError, r"slice: expected one size.*\(2,\)"),
    (lambda: ops.slice_update(V, (2,), V[:2]), ValueError, r"slice_update: .*updates of shape \(2"),
    (lambda: ops.scatter(V, V, (3,)), ValueError, r"scatter: expected integer.*dtype float64"),
    (lambda: ops.scatter([[0]], V, (3,)), ValueError, r"scatter: .*stretches to shape \(1,\)"),
    (lambda: ops.scatter([[3]], [1.0], (3,)), ValueError, r"scatter: expected indices in \[-3"),
    (lambda: ops.scatter_update(V, [[0]], [1], "mean"), ValueError, r"scatter_update: .*'mean'"),
    (lambda: ops.segment_sum(V, V), ValueError, r"segment_sum: .*vector of integers.*float64"),
    (lambda: ops.segment_sum(V, INDEX), ValueError, r"segment_sum: expected num_segments"),
    (lambda: ops.segment_max(M, [0]), ValueError, r"segment_max: .*\(2, 3\).*\(1,\)"),
    (lambda: indexing.scatter_add([5], [1.0], size=3), ValueError,
     r"scatter: expected indices in \[0, 2\]. Received: 5"),
    # order and counts
    (lambda: ops.top_k(V, 4), ValueError, r"top_k: expected k from 0 to 3.*\(3,\).*k=4"),
    (lambda: ops.quantile(V, 0.5, method="cubic"), ValueError, r"quantile: .*method='cubic'"),
    (lambda: ops.median(V[:0]), ValueError, r"median: .*at least one element.*shape \(0,\)"),
    (lambda: ops.quantile(V, NODE), TypeError, r"quantile: expected numbers for q.*<node"),
    (lambda: ops.percentile(V, 101), ValueError, r"percentile: .*from 0 to 100. Received: 101"),
    (lambda: ops.searchsorted(V, V, "up"), ValueError, r"searchsorted: .*Received: 'up'"),
    (lambda: ops.searchsorted(M, V), ValueError, r"searchsorted: .*shape \(2, 3\)"),
    (lambda: ops.nonzero(NODE), TypeError, r"nonzero: expected an array.*<node x.*ops.where"),
    (lambda: ops.unique(NODE), TypeError, r"unique: expected an array"),
    (lambda: ops.bincount(INDEX), TypeError, r"bincount: .*ops.segment_sum"),
    (lambda: ops.bincount([-1]), ValueError, r"bincount: expected integers of at least 0"),
    (lambda: ops.bincount([1], sparse=True), ValueError, r"bincount: .*sparse=True"),
    # networks
    (lambda: ops.glu(V), ValueError, r"split: .*2 parts of axis -1 of shape \(3,\)"),
    (lambda: ops.categorical_crossentropy([1, 0], M), ValueError, r"\(2,\).*sparse_categorical"),
    (lambda: ops.sparse_categorical_crossentropy(1, 0.5), ValueError, r"rank 1 or more.*\(\)"),
    (lambda: ops.sparse_categorical_crossentropy(M, M), ValueError, r"\(2, 3\).*one-hot vectors"),
    (lambda: ops.sparse_categorical_crossentropy(INDEX, ROWS, axis=0), ValueError,
     r"known number of classes. Received: axis=0"),
    (lambda: ops.binary_crossentropy(V, M), ValueError, r"binary_crossentropy: .*\(3,\).*\(2, 3\)"),
    (lambda: ops.batch_normalization(M, V[:2], V, 1), ValueError, r"mean of shape \(3,\).*\(2,\)"),
    (lambda: ops.layer_normalization(M, rms_scaling=True), TypeError, r"ops.rms_normalization"),
    (lambda: ops.dot_product_attention(T, T, T), ValueError, r"attention: .*shapes: \(2, 3, 4\)"),
    (lambda: ops.dot_product_attention(T, T, T, flash_attention=True), ValueError, r"flash.*True"),
    # windows
    (lambda: ops.conv(M, M), ValueError, r"conv: .*rank 3, 4 or 5.*\(2, 3\).*x\[None\]"),
    (lambda: ops.conv(T, T, data_format="NHWC"), ValueError, r"conv: .*Received: 'NHWC'"),
    (lambda: ops.conv(T, M), ValueError, r"conv: .*kernel of rank 3.*\(2, 3, 4\).*shape \(2, 3\)"),
    (lambda: ops.conv(T, np.zeros((1, 3, 2))), ValueError, r"conv: .*3 channels.*\(2, 3, 4\)"),
    (lambda: ops.conv(T, np.zeros((1, 2, 3))), ValueError, r"conv: .*its 3 filters in groups"),
    (lambda: ops.conv(T, np.zeros((4, 4, 1))), ValueError,
     r"conv: expected a size of at least 4 along axis 1, for a window of 4. Received shape \(2"),
    (lambda: ops.conv(T, np.zeros((2, 4, 1)), dilation_rate=3), ValueError,
     r"at least 4 along axis 1, for a window of 2, dilated to 4"),
    (lambda: ops.conv(T, np.zeros((1, 4, 1)), strides=0), ValueError, r"strides .*Received: 0"),
    (lambda: ops.conv(T, np.zeros((1, 4, 1)), padding="full"), ValueError, r"padding .*'full'"),
    (lambda: ops.depthwise_conv(T, T), ValueError, r"depthwise_conv: .*of 3 channels along axis 2"),
    (lambda: ops.conv_transpose(T, T[:, :, :3]), ValueError, r"conv_transpose: .*of 3 channels"),
    (lambda: ops.conv_transpose(T, T, output_padding=-1), ValueError, r"output_padding .*: -1"),
    (lambda: ops.adaptive_max_pool(np.zeros((1, 0, 2)), 2), ValueError,
     r"adaptive_max_pool: expected a known size of at least 1 along axis 1. .*\(1, 0, 2\)"),
    (lambda: ops.max_pool(T, (2, 2)), ValueError, r"max_pool: expected pool_size .*\(2, 2\)"),
    # primitives, by themselves
    (lambda: elementwise.add(V, M), ValueError, r"add: .*float64\[3\], float64\[2, 3\]"),
    (lambda: elementwise.exp(FLAGS), ValueError, r"exp: expected a dtype of .*bool"),
    (lambda: elementwise.where(V, V, V), ValueError, r"where: expected a bool condition.*float64"),
    (lambda: views.reshape(V, shape=(2,)), ValueError, r"reshape: .*\(3,\) has 3 values.*holds 2"),
    (lambda: views.expand(V, shape=(4,)), ValueError, r"broadcast_to: shape \(3,\).*\(4,\)"),
    (lambda: folds.contract(V, V[:2], spec="i,i->"), ValueError, r"axis 0 of the first.*\(2,\)"),
    (lambda: folds.contract(V, FLOAT, spec="i,i->"), ValueError, r"one dtype.*float64 and float32"),
    (lambda: indexing.gather(V, V), ValueError, r"take: expected integer indices.*float64"),
    (lambda: indexing.scatter_add(np.array([0]), V, size=2), ValueError, r"one row an index.*\(3"),
    (lambda: random.random_bits(V, shape=(2,)), ValueError, r"random_bits: .*shape \(3,\), dtype"),
]  # fmt: skip
ERRORS += [
    (lambda call=call: jit(call)(test_control.X), kind, message)
    for message, (kind, call) in test_control.REFUSED.items()
]
ERRORS += [(call, ValueError, message) for message, call in test_decomposing.REFUSED.items()]
ERRORS += [
    (
        lambda: solving.solve(np.eye(2), np.eye(3)),
        ValueError,
        r"solve: .*shapes \(2, 2\) and \(3, 3\)",
    ),
    # bits and complex numbers
    (lambda: ops.bitwise_and(V, 1), TypeError, r"bitwise_and: expected integers.*float64"),
    (lambda: ops.gcd(V, 1.0), ValueError, r"gcd: expected integers.*float64"),
    (lambda: ops.lcm(FLAGS, FLAGS), ValueError, r"lcm: expected integers. Received: bool"),
    (lambda: ops.view(np.uint8([1, 2, 3]), "int16"), ValueError, r"view: .*int16, 2 bytes.*\(3,\)"),
    (lambda: elementwise.bitcast(FLOAT, dtype="int64"), ValueError, r"bitcast: .*float32, int64"),
    (lambda: ops.ldexp(V, V), TypeError, r"ldexp: expected x2 as integers. Received: float64"),
    (
        lambda: ops.polar(NODE, V),
        TypeError,
        r"polar: expected arrays, since graphs have no complex",
    ),
    (lambda: ops.view_as_complex(V), ValueError, r"view_as_complex: .*Received: shape \(3,\)"),
    (lambda: ops.eig(V), ValueError, r"eig: expected square matrices.*Received: shape \(3,\)"),
    # signals, patches, measures
    (lambda: ops.fft(V), ValueError, r"fft: expected a pair .*Received: ndarray"),
    (lambda: ops.fft((V, V, V)), ValueError, r"fft: expected a pair .*Received: tuple of 3"),
    (lambda: ops.fft2((V, V)), ValueError, r"fft2: .*one shape, with 2 axes or more.*\(3,\) and"),
    (lambda: ops.fft((INDEX, INDEX)), ValueError, r"fft: expected .*float32 or float64.*int32"),
    (lambda: fourier(V, inverse=False), ValueError, r"fourier: expected pairs .*shape \(3,\)"),
    (lambda: ops.rfft(np.float16(V)), TypeError, r"rfft: expected float32 or .*: float16"),
    (lambda: ops.rfft(V, 0), ValueError, r"rfft: expected fft_length as .*at least 1.*Received: 0"),
    (lambda: ops.extract_sequences(V, 4, 1), ValueError, r"extract_seq.*sequence_length=4.*\(3,\)"),
    (lambda: ops.stft(INDEX, 2, 1, 2), TypeError, r"stft: expected x of float32.*int32"),
    (lambda: ops.stft(V, 3, 1, 2), ValueError, r"stft: .*at least sequence_length=3. Received: 2"),
    (lambda: ops.stft(V, 2, 1, 2, "box"), ValueError, r"stft: expected window 'hann'.*'box'"),
    (lambda: ops.stft(V, 2, 1, 2, V), ValueError, r"stft: expected window as a vector.*\(3,\)"),
    (lambda: named_window("who", "hahn", 3, True), ValueError, r"window of who: 'hahn'.*'hann'"),
    (lambda: ops.hamming(NODE), ValueError, r"hamming: expected the window's length, a number kno"),
    (lambda: ops.space_to_depth(np.zeros((1, 3, 2, 1)), 2), ValueError, r"space_to_depth: .*by 2"),
    (lambda: ops.unfold(np.zeros((1, 1, 2, 2)), 3), ValueError, r"unfold: .*windows of \(3, 3\)"),
    (lambda: ops.fold(np.zeros((1, 4, 3)), 2, 2), ValueError, r"fold: .*\* 4, 1\).*\(1, 4, 3\)"),
    (lambda: ops.rearrange(M, "a b c -> a"), ValueError, r"rearrange: expected a pattern .*'a b c"),
    (lambda: ops.rearrange(M, "a (b c) -> a b c"), ValueError, r"rearrange: .*product is 3.*\{\}"),
    (lambda: ops.vsplit(V, 3), ValueError, r"vsplit: expected a tensor of rank 2.*\(3,\)"),
    (lambda: ops.argpartition(V, 3), ValueError, r"argpartition: expected kth from -3 to 2.*kth=3"),
    (lambda: ops.ptp(FLAGS), TypeError, r"ptp: expected numbers. Received: booleans"),
    (lambda: ops.cdist(V, M), ValueError, r"cdist: expected matrices.*\(3,\) and \(2, 3\)"),
    (lambda: ops.psnr(V, M, 1), ValueError, r"psnr: expected tensors of one shape.*\(3,\) and"),
    (lambda: ops.corrcoef(T), ValueError, r"corrcoef: expected a vector or a matrix.*\(2, 3, 4"),
    (lambda: ops.correlate(V, V, "none"), ValueError, r"correlate: .*one of the modes.*'none'"),
    (lambda: ops.vander(M), ValueError, r"vander: expected a vector of numbers.*\(2, 3\)"),
    (lambda: ops.vander(V, -1), ValueError, r"vander: expected N of at least 0. Received: N=-1"),
    (lambda: ops.histogram(V, 2.5), TypeError, r"histogram: expected bins as a whole.*2.5"),
    (lambda: ops.histogram(V, 2, (2, 1)), ValueError, r"histogram: .*range as a rising .*\(2, 1\)"),
    (lambda: ops.histogram(M), ValueError, r"histogram: expected a vector.*\(2, 3\).*ops.ravel"),
    (lambda: ops.ctc_loss(V, V, V, V), ValueError, r"ctc_loss: expected output of rank 3, target"),
    (lambda: ops.ctc_decode(T, [1], "best"), ValueError, r"ctc_decode: .*'greedy' or.*'best'"),
    (lambda: ops.jvp(3, (V,), (V,)), TypeError, r"jvp: expected a function, and primals.*: 3, "),
    (lambda: ops.jvp(ops.exp, (V,), (M,)), ValueError, r"jvp: .*\[\(3,\)\] and \[\(2, 3\)\]"),
    (lambda: ops.lapack, AttributeError, r"'geartrain\.ops' has no attribute 'lapack'"),
]
ERRORS += [(call, TypeError, message) for message, call in test_decomposing.WITHOUT.items()]
IDS = [f"{number}-{pattern[:24]}" for number, (_, _, pattern) in enumerate(ERRORS)]


@pytest.mark.parametrize(("call", "kind", "pattern"), ERRORS, ids=IDS)
def test_message(call, kind, pattern):
    with pytest.raises(kind, match=pattern):
        call()


def raises_in_source() -> set[tuple[str, int, int]]:
    """Each `raise` of the package: file, first and last line."""
    found = set()
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Raise):
                found.add((path.name, node.lineno, node.end_lineno))
    return found


def test_every_raise_is_reached_by_a_case_above():
    reached = set()
    for call, kind, _ in ERRORS:
        with pytest.raises(kind) as caught:
            call()
        frames = [f for f in traceback.extract_tb(caught.tb) if Path(f.filename).parent == FOLDER]
        reached |= {(Path(frames[-1].filename).name, frames[-1].lineno)} if frames else set()
    untested = {
        (name, first)
        for name, first, last in raises_in_source()
        if not any((name, line) in reached for line in range(first, last + 1))
    }
    assert untested == set()


def test_a_list_of_nodes_is_stacked():
    stacked = operands.operand([NODE, NODE])
    assert stacked.shape == (2, 3)
