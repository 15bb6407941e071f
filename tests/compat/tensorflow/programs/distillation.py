import numpy as np
import tensorflow as tf
from tensorflow import keras


def network(units):
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(units, activation="relu"), keras.layers.Dense(3)]
    )
    for v in model.weights:
        v.assign(tf.reshape(0.5 * tf.cos(units + tf.range(tf.size(v), dtype=tf.float32)), v.shape))
    return model


class Distiller(keras.Model):
    def __init__(self, student, teacher):
        super().__init__()
        self.teacher, self.student = teacher, student

    def compile(
        self, optimizer, metrics, student_loss_fn, distillation_loss_fn, alpha=0.1, temperature=3
    ):
        super().compile(optimizer=optimizer, metrics=metrics)
        self.student_loss_fn, self.distillation_loss_fn = student_loss_fn, distillation_loss_fn
        self.alpha, self.temperature = alpha, temperature

    def call(self, x):
        return self.student(x)

    def train_step(self, data):
        x, y = data
        teacher_predictions = self.teacher(x, training=False)
        with tf.GradientTape() as tape:
            predictions = self.student(x, training=True)
            student_loss = self.student_loss_fn(y, predictions)
            distillation_loss = (
                self.distillation_loss_fn(
                    tf.nn.softmax(teacher_predictions / self.temperature, axis=1),
                    tf.nn.softmax(predictions / self.temperature, axis=1),
                )
                * self.temperature**2
            )
            loss = self.alpha * student_loss + (1 - self.alpha) * distillation_loss
        gradients = tape.gradient(loss, self.student.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.student.trainable_variables))
        self.compiled_metrics_update(y, predictions)
        return {"loss": loss, "student_loss": student_loss}

    def compiled_metrics_update(self, y, predictions):
        for metric in self.metrics:
            if metric.name != "loss":
                metric.update_state(y, predictions)


x = np.sin(np.arange(96, dtype="float32")).reshape(24, 4)
y = np.arange(24) % 3
model = Distiller(network(3), network(9))
model.compile(
    keras.optimizers.Adam(0.01),
    [],
    keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    keras.losses.KLDivergence(),
)
history = model.fit(x, y, batch_size=24, epochs=3, verbose=0, shuffle=False)
result = [history.history["loss"], history.history["student_loss"]]
