import pathlib
import tempfile

import numpy as np
import tensorflow as tf

folder = pathlib.Path(tempfile.mkdtemp())
for name in ("cats", "dogs"):
    (folder / name).mkdir()
    for n in range(3):
        pixels = np.full((6, 5, 3), 40 * n + len(name), "uint8")
        tf.io.write_file(str(folder / name / f"{n}.png"), tf.io.encode_png(pixels))
files = tf.data.Dataset.list_files(str(folder / "*/*.png"), shuffle=False)
class_names = np.array(sorted(p.name for p in folder.glob("*")))


def get_label(path):
    parts = tf.strings.split(path, "/")
    return tf.argmax(tf.cast(parts[-2] == class_names, tf.int32))


def process_path(path):
    img = tf.io.decode_png(tf.io.read_file(path), channels=3)
    img = tf.image.convert_image_dtype(img, tf.float32)
    return tf.image.resize(img, [4, 4]), get_label(path)


ds = files.map(process_path, num_parallel_calls=tf.data.AUTOTUNE)
ds = ds.cache().batch(2).prefetch(1)
result = [tf.data.experimental.cardinality(files).numpy().item()]
for images, labels in ds:
    result += [images.shape.as_list(), labels.numpy().tolist(), float(tf.reduce_mean(images))]
augment = tf.image.random_flip_left_right(images)
result += [
    augment.shape.as_list(),
    tf.io.gfile.exists(str(folder)),
    sorted(tf.io.gfile.listdir(str(folder))),
]
