"""Values that older versions of Keras had names for."""


class Reduction:
    """How a loss becomes one number, as `reduction=` takes it."""

    AUTO = "sum_over_batch_size"
    SUM_OVER_BATCH_SIZE = "sum_over_batch_size"
    SUM = "sum"
    NONE = "none"
