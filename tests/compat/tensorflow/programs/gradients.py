import tensorflow as tf

x = tf.Variable(3.0)
with tf.GradientTape(persistent=True) as tape:
    y = x**2
    z = y * y
result = [tape.gradient(z, x).numpy().item(), tape.gradient(y, x).numpy().item()]
w = tf.Variable(tf.reshape(tf.range(6.0), (3, 2)), name="w")
b = tf.Variable(tf.zeros(2, dtype=tf.float32), name="b")
v = [[1.0, 2.0, 3.0]]
with tf.GradientTape(persistent=True) as tape:
    out = v @ w + b
    loss = tf.reduce_mean(out**2)
grads = tape.gradient(loss, {"w": w, "b": b})
result += [grads["w"].numpy().tolist(), grads["b"].numpy().tolist()]
x0, x1 = tf.constant(0.0), tf.constant(10.0)
with tf.GradientTape(watch_accessed_variables=False) as tape:
    tape.watch(x1)
    ys = tf.math.sin(x0) + tf.nn.softplus(x1)
g = tape.gradient(ys, {"x0": x0, "x1": x1})
result += [g["x0"] is None, g["x1"].numpy().item()]
with tf.GradientTape() as t2:
    with tf.GradientTape() as t1:
        c = x * x * x
    d1 = t1.gradient(c, x)
result += [d1.numpy().item(), t2.gradient(d1, x).numpy().item()]
xs = tf.linspace(-2.0, 2.0, 5)
with tf.GradientTape() as tape:
    tape.watch(xs)
    s = tf.nn.sigmoid(xs)
result.append(tape.gradient(s, xs).numpy().tolist())
m = tf.constant([[1.0, 2.0], [3.0, 4.0]])
with tf.GradientTape(persistent=True) as tape:
    tape.watch(m)
    q = tf.matmul(m, m) * tf.exp(-m)
result.append(tape.jacobian(q, m).numpy().tolist())
with tf.GradientTape(persistent=True) as tape:
    tape.watch(m)
    cubes = m**3
result.append(tape.batch_jacobian(cubes, m).numpy().tolist())
with tf.GradientTape() as tape:
    tape.watch(m)
    with tape.stop_recording():
        stopped = m * 2
    both = m + stopped
result.append(tape.gradient(both, m, unconnected_gradients="zero").numpy().tolist())
state = tf.Variable(0.0)
with tf.GradientTape() as tape:
    state.assign_add(x)
    out = x + state * 0.0 + tf.stop_gradient(x) * x
result.append(tape.gradient(out, x).numpy().item())


@tf.custom_gradient
def clip_gradients(y):
    def backward(dy):
        return tf.clip_by_norm(dy, 0.5)

    return y, backward


with tf.GradientTape() as t:
    out = clip_gradients(x * x)
result.append(t.gradient(out, x).numpy().item())


@tf.function
def inside(a):
    with tf.GradientTape() as tape:
        tape.watch(a)
        out = tf.reduce_sum(tf.sin(a) * x)
    return tape.gradient(out, [a, x])


result += [one.numpy().tolist() for one in inside(xs)]
with tf.GradientTape() as tape:
    out = tf.function(lambda a: a * x * x)(2.0)
result.append(tape.gradient(out, x).numpy().item())
