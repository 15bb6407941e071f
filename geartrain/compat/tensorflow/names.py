"""Which of TensorFlow's names are here, and where: the one table, which docs/tensorflow.md shows.

An entry is a name, or `name=other` where the function has another name in its module.
"""

from __future__ import annotations

from collections.abc import Iterator

_MATH = (
    "abs accumulate_n acos acosh add add_n angle asin asinh atan atan2 atanh ceil conj cos cosh "
    "divide divide_no_nan equal erf erfinv exp expm1 floor floordiv floormod greater "
    "greater_equal imag is_finite is_inf is_nan less less_equal lgamma log log1p log_sigmoid "
    "logical_and logical_not logical_or logical_xor maximum minimum mod multiply multiply_no_nan "
    "negative not_equal pow real reciprocal rint round rsqrt sigmoid sign sin sinh sqrt "
    "square squared_difference subtract tan tanh truediv xlogy"
)
_FOLDS = (
    "argmax argmin bincount confusion_matrix count_nonzero cumprod cumsum in_top_k reduce_all "
    "reduce_any reduce_euclidean_norm reduce_logsumexp reduce_max reduce_mean reduce_min "
    "reduce_prod reduce_std reduce_sum reduce_variance segment_max segment_mean segment_min "
    "segment_prod segment_sum top_k unsorted_segment_max unsorted_segment_mean "
    "unsorted_segment_min unsorted_segment_prod unsorted_segment_sum"
)
_ASSERTS = (
    "Assert assert_all_finite assert_equal assert_greater assert_greater_equal assert_less "
    "assert_less_equal assert_near assert_negative assert_non_negative assert_non_positive "
    "assert_none_equal assert_positive assert_rank assert_shapes assert_type check_numerics "
    "enable_check_numerics"
)
_ERRORS = (
    "AbortedError AlreadyExistsError CancelledError DataLossError DeadlineExceededError "
    "FailedPreconditionError InternalError InvalidArgumentError NotFoundError OpError "
    "OutOfRangeError PermissionDeniedError ResourceExhaustedError UnavailableError "
    "UnimplementedError UnknownError"
)
_DTYPES = (
    "DType as_dtype bfloat16 bool complex128 complex64 double float16 float32 float64 half int16 "
    "int32 int64 int8 string uint16 uint32 uint64 uint8"
)
_DEVICES = "LogicalDevice LogicalDeviceConfiguration PhysicalDevice"
_IMAGES = (
    "ResizeMethod adjust_brightness adjust_contrast adjust_gamma adjust_hue adjust_saturation "
    "central_crop convert_image_dtype crop_and_resize crop_to_bounding_box extract_patches "
    "flip_left_right flip_up_down grayscale_to_rgb hsv_to_rgb image_gradients "
    "pad_to_bounding_box per_image_standardization psnr resize resize_with_crop_or_pad "
    "resize_with_pad rgb_to_grayscale rgb_to_hsv rot90 ssim total_variation transpose"
)
_RANDOM_IMAGES = (
    "random_brightness random_contrast random_crop random_flip_left_right random_flip_up_down "
    "random_hue random_saturation stateless_random_brightness stateless_random_contrast "
    "stateless_random_crop stateless_random_flip_left_right stateless_random_flip_up_down"
)
_CODECS = "decode_bmp decode_gif decode_image decode_jpeg decode_png encode_jpeg encode_png"
_RANDOM = (
    "Generator categorical fold_in gamma get_global_generator normal poisson "
    "set_global_generator set_seed shuffle split stateless_categorical stateless_normal "
    "stateless_truncated_normal stateless_uniform truncated_normal uniform"
)
_LINALG = (
    "adjoint band_part cholesky cross det diag diag_part eigh eigvalsh einsum expm inv "
    "l2_normalize logdet lstsq matmul matrix_rank matrix_transpose matvec norm normalize pinv qr "
    "set_diag slogdet solve svd tensordot trace triangular_solve"
)
_OF_NUMPY = (
    "abs absolute add all any append=concatenate arange argmax argmin array asarray=array average "
    "broadcast_to ceil clip concatenate cos cosh cross cumprod cumsum diag divide dot einsum equal "
    "exp expand_dims expm1 eye flip floor full full_like greater greater_equal identity isfinite "
    "isinf isnan less less_equal linspace log log10 log1p log2 logical_and logical_not logical_or "
    "matmul max maximum mean meshgrid min minimum mod moveaxis multiply ndim negative not_equal "
    "ones ones_like outer pad power prod ravel reciprocal repeat reshape roll round sign sin sinh "
    "size sort split sqrt square squeeze stack std subtract sum swapaxes take take_along_axis tan "
    "tanh tensordot tile trace transpose tri tril triu true_divide var vstack hstack where zeros "
    "zeros_like"
)
_OF_NUMPY_TYPES = "bool_=bool float16 float32 float64 int16 int32 int64 int8 uint8"
_HERE = "geartrain.compat.tensorflow"

# For each namespace the modules, and the names that it has of each.
TABLE: dict[str, dict[str, str]] = {
    "": {
        "dtypes": _DTYPES,
        "tensor": "Tensor TensorShape",
        "shapes": "broadcast_dynamic_shape broadcast_static_shape rank shape shape_n size",
        "creation": "bitcast cast complex constant convert_to_tensor eye fill get_static_value "
        "identity identity_n is_tensor linspace meshgrid ones ones_like range saturate_cast zeros "
        "zeros_like",
        "arrays": "broadcast_to concat ensure_shape expand_dims pad parallel_stack repeat reshape "
        "reverse reverse_sequence roll slice split squeeze stack strided_slice tile transpose "
        "unstack",
        "indexing": "argsort boolean_mask dynamic_partition dynamic_stitch gather gather_nd "
        "one_hot scatter_nd searchsorted sequence_mask sort tensor_scatter_nd_add "
        "tensor_scatter_nd_max tensor_scatter_nd_min tensor_scatter_nd_sub "
        "tensor_scatter_nd_update unique unique_with_counts where",
        "mathematics": "abs acos acosh add add_n asin asinh atan atan2 atanh clip_by_global_norm "
        "clip_by_norm clip_by_value cos cosh divide equal exp floor greater greater_equal less "
        "less_equal logical_and logical_not logical_or maximum minimum multiply negative "
        "not_equal pow round sigmoid sign sin sinh sqrt square subtract tan tanh truediv",
        "reductions": "argmax argmin cumsum reduce_all reduce_any reduce_logsumexp reduce_max "
        "reduce_mean reduce_min reduce_prod reduce_sum",
        "linalg": "einsum matmul norm tensordot",
        "gradients": "GradientTape UnconnectedGradients custom_gradient gradients recompute_grad "
        "stop_gradient",
        "functions": "function",
        "control": "TensorArray case cond control_dependencies device executing_eagerly foldl "
        "foldr group init_scope map_fn name_scope no_op numpy_function print py_function scan "
        "switch_case vectorized_map while_loop",
        "variables": "IndexedSlices Module Variable",
        "ragged": "RaggedTensor",
        "sparse": "SparseTensor",
        "strings": "as_string",
        "debugging": "Assert assert_equal assert_greater assert_less assert_rank",
        "machine": "get_logger",
        "randomness": "random_index_shuffle",
        "special": "histogram_fixed_width histogram_fixed_width_bins scalar_mul truncatediv "
        "truncatemod unravel_index",
        "geartrain.data": "TensorSpec",
        "geartrain.initializers": "constant_initializer=Constant ones_initializer=Ones "
        "random_normal_initializer=RandomNormal random_uniform_initializer=RandomUniform "
        "zeros_initializer=Zeros",
    },
    "dtypes": {"dtypes": _DTYPES, "creation": "cast complex saturate_cast"},
    "math": {
        "mathematics": _MATH,
        "reductions": _FOLDS,
        "linalg": "l2_normalize",
        "neural": "log_softmax softmax softplus softsign zero_fraction",
        "special": "bessel_i0 bessel_i0e bessel_i1 bessel_i1e cumulative_logsumexp digamma erfc "
        "invert_permutation is_non_decreasing is_strictly_increasing lbeta ndtri polyval "
        "reciprocal_no_nan scalar_mul xdivy xlog1py",
    },
    "nn": {
        "neural": "avg_pool avg_pool1d avg_pool2d batch_normalization bias_add conv1d conv2d "
        "conv2d_transpose conv3d convolution crelu depth_to_space depthwise_conv2d dropout elu "
        "embedding_lookup gelu l2_loss leaky_relu local_response_normalization log_poisson_loss "
        "log_softmax max_pool max_pool1d max_pool2d moments relu relu6 selu separable_conv2d "
        "sigmoid sigmoid_cross_entropy_with_logits silu softmax "
        "softmax_cross_entropy_with_logits softplus softsign space_to_depth "
        "sparse_softmax_cross_entropy_with_logits swish=silu tanh "
        "weighted_cross_entropy_with_logits zero_fraction",
        "sampled": "nce_loss sampled_softmax_loss",
        "volumes": "atrous_conv2d avg_pool3d collapse_repeated compute_average_loss "
        "conv1d_transpose conv3d_transpose ctc_greedy_decoder ctc_loss dilation2d erosion2d "
        "max_pool3d max_pool_with_argmax scale_regularization_loss weighted_moments",
        "reductions": "in_top_k top_k",
        "linalg": "l2_normalize",
    },
    "random.experimental": {
        "randomness": "Generator get_global_generator index_shuffle=random_index_shuffle "
        "set_global_generator stateless_fold_in=fold_in stateless_split=split",
    },
    "random": {
        "randomness": _RANDOM,
        "sampled": "log_uniform_candidate_sampler uniform_candidate_sampler",
    },
    "linalg": {
        "linalg": _LINALG,
        "creation": "eye",
        "mathematics": "global_norm",
    },
    "signal": {
        "signal": "dct fft fft2d fftshift frame hamming_window hann_window ifft ifft2d ifftshift "
        "inverse_stft irfft linear_to_mel_weight_matrix overlap_and_add rfft stft",
    },
    "image": {
        "images": _IMAGES,
        "random_images": _RANDOM_IMAGES,
        "files": _CODECS,
        "boxes": "draw_bounding_boxes non_max_suppression non_max_suppression_with_scores "
        "sample_distorted_bounding_box",
        "colors": "rgb_to_yiq rgb_to_yuv sobel_edges yiq_to_rgb yuv_to_rgb",
    },
    "audio": {"files": "decode_wav encode_wav"},
    "io": {
        "files": f"decode_base64 decode_csv decode_raw encode_base64 matching_files read_file "
        f"write_file {_CODECS}",
        "geartrain.data.examples": "FixedLenFeature FixedLenSequenceFeature VarLenFeature "
        "parse_example parse_single_example",
        "geartrain.data.readers": "TFRecordWriter",
    },
    "io.gfile": {
        "files": "GFile copy exists glob=gfile_glob isdir listdir makedirs mkdir remove rename "
        "rmtree",
    },
    "strings": {
        "strings": "as_string bytes_split format join length lower ngrams reduce_join "
        "regex_full_match regex_replace split strip substr to_number unicode_decode "
        "unicode_encode unicode_split upper",
    },
    "ragged": {"ragged": "boolean_mask constant range stack"},
    "sparse": {
        "sparse": "SparseTensor add concat expand_dims eye from_dense map_values maximum minimum "
        "reduce_max reduce_sum reorder reshape retain slice sparse_dense_matmul to_dense "
        "transpose",
    },
    "sets": {"sparse": "difference intersection size union"},
    "debugging": {"debugging": _ASSERTS},
    "errors": {"debugging": _ERRORS},
    "autograph": {"functions": "to_code"},
    "autograph.experimental": {"functions": "do_not_convert"},
    "config": {
        "machine": f"{_DEVICES} get_visible_devices list_logical_devices list_physical_devices "
        "set_logical_device_configuration set_soft_device_placement set_visible_devices",
        "functions": "functions_run_eagerly run_functions_eagerly",
    },
    "config.experimental": {
        "machine": "enable_op_determinism get_memory_growth get_memory_info get_visible_devices "
        "list_logical_devices list_physical_devices set_memory_growth set_visible_devices "
        "VirtualDeviceConfiguration=LogicalDeviceConfiguration "
        "set_virtual_device_configuration=set_logical_device_configuration",
    },
    "config.optimizer": {"machine": "set_jit"},
    "config.threading": {
        "machine": "set_inter_op_parallelism_threads set_intra_op_parallelism_threads",
    },
    "distribute": {
        "machine": "InputContext MirroredStrategy MultiWorkerMirroredStrategy OneDeviceStrategy "
        "ReduceOp Strategy TPUStrategy get_replica_context get_strategy has_strategy "
        "in_cross_replica_context",
    },
    "distribute.cluster_resolver": {"machine": "TPUClusterResolver"},
    "distribute.experimental": {
        "machine": "CentralStorageStrategy MultiWorkerMirroredStrategy TPUStrategy",
    },
    "test": {"machine": "TestCase gpu_device_name is_built_with_cuda is_gpu_available main"},
    "train": {
        "checkpoints": "Checkpoint CheckpointManager latest_checkpoint list_variables "
        "load_checkpoint load_variable",
        "averages": "ExponentialMovingAverage",
        "geartrain.data.examples": "BytesList Example Feature Features FloatList Int64List",
    },
    "lookup": {
        "lookup": "KeyValueTensorInitializer StaticHashTable StaticVocabularyTable TextFileIndex "
        "TextFileInitializer",
    },
    "lookup.experimental": {"lookup": "MutableHashTable"},
    "bitwise": {
        "geartrain.ops": "bitwise_and bitwise_or bitwise_xor invert=bitwise_invert "
        "left_shift right_shift",
    },
    "compat": {"strings": "as_bytes as_str=as_text as_str_any as_text"},
    "experimental.numpy": {"geartrain.ops": _OF_NUMPY, "dtypes": _OF_NUMPY_TYPES},
    "nest": {"nests": "assert_same_structure flatten is_nested map_structure pack_sequence_as"},
    "summary": {
        "geartrain.summaries": "SummaryWriter audio create_file_writer create_noop_writer flush "
        "histogram image record_if scalar should_record_summaries text write",
    },
    "summary.experimental": {
        "geartrain.summaries.writer": "get_step set_step",
    },
    "data": {
        "geartrain.data": "AUTOTUNE Dataset DatasetSpec FixedLengthRecordDataset "
        "INFINITE_CARDINALITY Options TFRecordDataset TextLineDataset UNKNOWN_CARDINALITY",
    },
    "data.experimental": {
        "geartrain.data.experimental": "AUTOTUNE CsvDataset INFINITE_CARDINALITY "
        "UNKNOWN_CARDINALITY AutoShardPolicy Counter RandomDataset "
        "assert_cardinality bucket_by_sequence_length cardinality choose_from_datasets "
        "copy_to_device enumerate_dataset get_single_element group_by_window make_csv_dataset "
        "map_and_batch prefetch_to_device rejection_resample sample_from_datasets scan "
        "shuffle_and_repeat take_while unbatch unique",
    },
    "queue": {"queues": "FIFOQueue"},
    "compat.v1": {
        "older": "Session disable_eager_execution disable_v2_behavior enable_eager_execution "
        "enable_v2_behavior executing_eagerly_outside_functions placeholder set_random_seed",
    },
    "compat.v1.logging": {
        "older": "DEBUG ERROR FATAL INFO WARN get_verbosity set_verbosity",
    },
}
# Namespaces that are Keras's own.
KERAS = {
    "keras": "", "initializers": "initializers", "losses": "losses", "metrics": "metrics",
    "optimizers": "optimizers",
}  # fmt: skip
# Namespaces with further names that TensorFlow has among them.
ALIASES = {"python.keras": "keras", "compat.v2": "", "_api.v2.v2": ""}

# What to do instead, for the names that programs look for most.
INSTEAD = {
    "Graph": "tf.function, or plain calls: there are no graphs to fill",
    "Session": "plain calls: tensors have their values at once",
    "estimator": "keras.Model",
    "experimental": "keras.ops",
    "feature_column": "keras.utils.FeatureSpace, or preprocessing layers",
    "get_variable": "tf.Variable",
    "global_variables_initializer": "nothing: variables have their values from the start",
    "layers": "keras.layers",
    "lite": "geartrain convert, which writes ONNX",
    "placeholder": "keras.Input, or the arguments of a tf.function",
    "profiler": "keras.callbacks.TensorBoard(profile_batch=...)",
    "saved_model": "model.save('model.keras') and keras.models.load_model, or model.export with "
    "format='onnx'",
    "tpu": "tf.distribute.get_strategy()",
    "xla": "tf.function, which compiles",
}


def names_of(namespace: str) -> dict[str, str]:
    """For each name of a namespace where it is: a module, a colon, and its name there.

    >>> names_of("data")["AUTOTUNE"], names_of("nn")["swish"]
    ('geartrain.data:AUTOTUNE', 'geartrain.compat.tensorflow.neural:silu')
    """
    found = {}
    for module, names in TABLE.get(namespace, {}).items():
        place = module if module.startswith("geartrain.") else f"{_HERE}.{module}"
        for entry in names.split():
            name, _, other = entry.partition("=")
            found[name] = f"{place}:{other or name}"
    return found


def below(namespace: str) -> list[str]:
    """The namespaces directly within one.

    >>> below("config")
    ['experimental', 'optimizer', 'threading']
    """
    prefix = f"{namespace}." if namespace else ""
    every = [*TABLE, *KERAS, *ALIASES]
    inner = {one[len(prefix) :].partition(".")[0] for one in every if one.startswith(prefix)}
    return sorted(inner - {""})


def lines() -> Iterator[str]:
    """The lines of the table in docs/tensorflow.md."""
    yield "| namespace | names |"
    yield "| --- | --- |"
    for namespace in TABLE:
        names = " ".join(f"`{name}`" for name in sorted(names_of(namespace), key=str.lower))
        yield f"| `{'.'.join(filter(None, ('tf', namespace)))}` | {names} |"
