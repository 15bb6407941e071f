import numpy as np
import tensorflow as tf


class WindowGenerator:
    def __init__(self, input_width, label_width, shift):
        self.input_width, self.label_width, self.total = (
            input_width,
            label_width,
            input_width + shift,
        )
        self.input_slice = slice(0, input_width)
        self.labels_slice = slice(self.total - label_width, None)

    def split_window(self, features):
        inputs = features[:, self.input_slice, :]
        labels = features[:, self.labels_slice, :]
        labels = tf.stack([labels[:, :, n] for n in [0]], axis=-1)
        inputs.set_shape([None, self.input_width, None])
        labels.set_shape([None, self.label_width, None])
        return inputs, labels

    def make_dataset(self, data):
        ds = tf.keras.utils.timeseries_dataset_from_array(
            data=np.array(data, dtype=np.float32),
            targets=None,
            sequence_length=self.total,
            sequence_stride=1,
            shuffle=False,
            batch_size=8,
        )
        return ds.map(self.split_window)


data = np.stack([np.sin(np.arange(40) / 3), np.cos(np.arange(40) / 5)], 1)
window = WindowGenerator(6, 2, 2)
ds = window.make_dataset(data)
model = tf.keras.Sequential(
    [
        tf.keras.layers.Lambda(lambda x: x[:, -1:, :]),
        tf.keras.layers.Dense(2 * 1, kernel_initializer=tf.initializers.zeros()),
        tf.keras.layers.Reshape([2, 1]),
    ]
)
model.compile(
    loss=tf.keras.losses.MeanSquaredError(),
    optimizer=tf.keras.optimizers.SGD(0.1),
    metrics=[tf.keras.metrics.MeanAbsoluteError()],
)
history = model.fit(ds, epochs=2, verbose=0)
x, y = next(iter(ds))
result = [x.shape.as_list(), y.shape.as_list(), history.history["loss"], float(tf.reduce_sum(x))]
