import tensorflow as tf


class Linear(tf.Module):
    def __init__(self, name=None):
        super().__init__(name=name)
        self.w = tf.Variable(5.0)
        self.b = tf.Variable(0.0)

    @tf.function
    def __call__(self, x):
        return self.w * x + self.b


x = tf.linspace(-2, 2, 21)
x = tf.cast(x, tf.float32)
y = 3.0 * x + 2.0


def loss(target, predicted):
    return tf.reduce_mean(tf.square(target - predicted))


def train(model, x, y, learning_rate):
    with tf.GradientTape() as t:
        current = loss(y, model(x))
    dw, db = t.gradient(current, [model.w, model.b])
    model.w.assign_sub(learning_rate * dw)
    model.b.assign_sub(learning_rate * db)
    return current


model = Linear()
result = [float(train(model, x, y, 0.1)) for _ in range(5)]
result += [
    model.w.numpy().item(),
    model.b.numpy().item(),
    len(model.trainable_variables),
    model.name,
]
