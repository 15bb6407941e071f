import numpy as np
import tensorflow as tf
from tensorflow.keras import layers


class CartPole:
    def reset(self):
        self.state, self.steps = np.array([0.01, 0.02, 0.03, -0.02]), 0
        return self.state.astype("float32")

    def step(self, action):
        x, v, a, w = self.state
        force = 10.0 if action == 1 else -10.0
        temp = (force + 0.05 * w * w * np.sin(a)) / 1.1
        alpha = (9.8 * np.sin(a) - np.cos(a) * temp) / (0.5 * (4 / 3 - 0.1 * np.cos(a) ** 2 / 1.1))
        acc = temp - 0.05 * alpha * np.cos(a) / 1.1
        self.state = np.array([x + 0.02 * v, v + 0.02 * acc, a + 0.02 * w, w + 0.02 * alpha])
        self.steps += 1
        done = abs(self.state[0]) > 2.4 or abs(self.state[2]) > 0.2095 or self.steps >= 30
        return self.state.astype("float32"), 1.0, bool(done)


class ActorCritic(tf.keras.Model):
    def __init__(self, actions, units):
        super().__init__()
        self.common, self.actor, self.critic = (
            layers.Dense(units, activation="relu"),
            layers.Dense(actions),
            layers.Dense(1),
        )

    def call(self, inputs):
        x = self.common(inputs)
        return self.actor(x), self.critic(x)


env, model = CartPole(), ActorCritic(2, 8)
model(env.reset()[None])
for v in model.trainable_variables:
    v.assign(tf.reshape(0.3 * tf.cos(tf.range(tf.size(v), dtype=tf.float32)), v.shape))
huber = tf.keras.losses.Huber(reduction="sum")
optimizer = tf.keras.optimizers.Adam(0.01)
eps = np.finfo(np.float32).eps.item()


def expected_return(rewards, gamma=0.99):
    n = tf.shape(rewards)[0]
    returns = tf.TensorArray(dtype=tf.float32, size=n)
    rewards = tf.cast(rewards[::-1], dtype=tf.float32)
    discounted = tf.constant(0.0)
    for i in tf.range(n):
        discounted = rewards[i] + gamma * discounted
        returns = returns.write(i, discounted)
    returns = returns.stack()[::-1]
    return (returns - tf.math.reduce_mean(returns)) / (tf.math.reduce_std(returns) + eps)


result = []
for episode in range(3):
    state, probs, values, rewards, done = env.reset(), [], [], [], False
    with tf.GradientTape() as tape:
        while not done:
            logits, value = model(tf.expand_dims(state, 0))
            action = int(tf.argmax(logits[0])) if episode else len(rewards) % 2
            probs.append(tf.nn.softmax(logits)[0, action])
            values.append(tf.squeeze(value))
            state, reward, done = env.step(action)
            rewards.append(reward)
        returns = expected_return(tf.constant(rewards))
        action_probs, values = tf.stack(probs), tf.stack(values)
        advantage = returns - values
        loss = -tf.math.reduce_sum(tf.math.log(action_probs) * advantage) + huber(values, returns)
    grads = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(grads, model.trainable_variables))
    result += [float(loss), len(rewards)]
