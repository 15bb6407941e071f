import numpy as np
import tensorflow as tf

t = tf.zeros([3, 2, 4, 5])
result = [t.dtype.name, t.ndim, t.shape[0], int(tf.size(t)), t.shape.as_list()]
r = tf.constant([0, 1, 1, 2, 3, 5, 8, 13, 21, 34])
result += [
    r[0].numpy().item(),
    r[1:].numpy().tolist(),
    r[::-1].numpy().tolist(),
    r[-3::2].numpy().tolist(),
]
m = tf.constant([[1, 2], [3, 4], [5, 6]], dtype=tf.float16)
result += [m[1, 1].numpy().item(), m[:, 1].numpy().tolist(), m[1:, :].numpy().tolist()]
v = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
v[0, 1].assign(9.0)
result += [v.numpy().tolist(), tf.argmax(v, axis=1).numpy().tolist(), (v + v).numpy().tolist()]
result += [tf.reshape(v, [1, -1]).numpy().tolist(), len(v.shape), v.name.split(":")[0] != ""]
s = tf.strings.split(tf.constant(["a b c", "d e"]))
result += [s.shape[0], s.to_tensor().numpy().tolist()[1][2].decode()]
i = 0
while tf.less(i, 3):
    i += 1
result.append(i)
total = 0
for n in tf.range(4):
    total += n
result.append(total.numpy().item())
if tf.reduce_any(m > 5):
    result.append("yes")
a, b = tf.constant(2), tf.constant(3)
result += [(a / b).numpy().item(), (a // b).numpy().item(), (a**b).numpy().item(), bool(a < b)]
result += [np.add(m, 1).tolist(), np.sum(m).item()]
result += [f"{tf.constant(1.5):.2f}", isinstance(m, tf.Tensor), m.ref() == m.ref()]
c = tf.cast(tf.constant([2.2, 3.3]), dtype=tf.uint8)
result.append(c.numpy().tolist())
x = tf.constant([[1.0], [2.0]])
x += 1.0
result.append(x.numpy().tolist())
for row in x:
    result.append(row.numpy().tolist())
