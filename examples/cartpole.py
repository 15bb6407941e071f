"""Balancing a pole on a cart, learned by trying: the policy gradient in forty lines.

What it shows: reinforcement learning without a library for it. Many carts run side by side in
NumPy; the network says for each how likely it is to be pushed to the right, chance decides, and
what was done is then taught with the weight of what came of it (`sample_weight`): better than usual
is positive, worse is negative. That is REINFORCE, by `train_on_batch` alone.

Data: none; the cart is that of A. G. Barto, R. S. Sutton and C. W. Anderson, 1983.

Source: R. J. Williams, Simple statistical gradient-following algorithms, 1992.

Figure: at the end a pole stays up for 195 of 200 steps on average, over 100 new carts; pushed by
chance it falls after 22.
"""

import gallery
import keras
import numpy as np
from keras import layers

MUST_REACH = {"steps": 195.0}
LONGEST = 200


class Carts:
    """Carts with poles, of which each falls for itself.

    The state has shape (carts, 4): where the cart is (m), how fast (m/s), the pole's angle (rad),
    and how fast that turns (rad/s).
    """

    GRAVITY, POLE, CART, HALF, FORCE, SECONDS = 9.8, 0.1, 1.0, 0.5, 10.0, 0.02

    def __init__(self, count, random):
        self.state = random.uniform(-0.05, 0.05, (count, 4))
        self.up = np.ones(count, bool)

    def push(self, right):
        """One step of 0.02 s, each cart pushed to the right or to the left."""
        _, speed, angle, turn = self.state.T
        force = np.where(right, self.FORCE, -self.FORCE)
        mass = self.CART + self.POLE
        drive = (force + self.POLE * self.HALF * turn**2 * np.sin(angle)) / mass
        lever = self.HALF * (4 / 3 - self.POLE * np.cos(angle) ** 2 / mass)
        turning = (self.GRAVITY * np.sin(angle) - np.cos(angle) * drive) / lever
        moving = drive - self.POLE * self.HALF * turning * np.cos(angle) / mass
        self.state = self.state + self.SECONDS * np.column_stack([speed, moving, turn, turning])
        self.up &= (np.abs(self.state[:, 0]) < 2.4) & (np.abs(self.state[:, 2]) < 0.2095)


def play(model, count, random, greedy=False):
    """States, pushes and whether the pole was up, each of shape (steps, carts, ...)."""
    carts, states, pushes, up = Carts(count, random), [], [], []
    while carts.up.any() and len(states) < LONGEST:
        states.append(carts.state.astype("float32"))
        up.append(carts.up.copy())
        chance = model.predict_on_batch(states[-1])[:, 0]
        pushes.append(chance > (0.5 if greedy else random.random(count)))
        carts.push(pushes[-1])
    return np.array(states), np.array(pushes), np.array(up)


def returns(up):
    """What came of each step: the steps that the pole stays up from there, later ones for less."""
    total, made = np.zeros(up.shape[1]), np.zeros(up.shape)
    for step in reversed(range(len(up))):
        total = up[step] * (1 + 0.99 * total)
        made[step] = total
    return made


def main(rounds: int = 60, carts: int = 32, picture: str = "") -> dict[str, float]:
    """Learn in `rounds` of playing with `carts` carts; stop when all of them stay up to the end.

    Returns the mean number of "steps" that the pole stays up, of 200.
    """
    keras.utils.set_random_seed(0)
    random = np.random.default_rng(0)
    model = keras.Sequential(
        [keras.Input((4,)), layers.Dense(32, activation="tanh"), layers.Dense(1, "sigmoid")]
    )
    model.compile(keras.optimizers.Adam(0.02), "binary_crossentropy")
    lasted = []
    for _ in range(rounds):
        states, pushes, up = play(model, carts, random)
        lasted.append(up.sum(axis=0).mean())
        gains = returns(up)
        gains = (gains - gains[up].mean()) / (gains[up].std() + 1e-6) * up
        model.train_on_batch(
            np.resize(states, (LONGEST * carts, 4)),
            np.resize(pushes, LONGEST * carts).astype("float32")[:, None],
            sample_weight=filled(gains),
        )
    up = play(model, 100, random, greedy=True)[2]
    if picture:
        draw(picture, lasted)
    return {"steps": up.sum(axis=0).mean()}


def filled(gains):
    """Weights for all 200 steps, 0 for those that were not played: one shape for every round."""
    made = np.zeros((LONGEST, gains.shape[1]), "float32")
    made[: len(gains)] = gains
    return made.reshape(-1)


def draw(path, lasted):
    """How long poles stayed up while it learned."""
    (ax,) = gallery.axes()
    ax.plot(range(1, len(lasted) + 1), lasted, color=gallery.BLUE)
    ax.axhline(LONGEST, color=gallery.GREY, lw=0.8, ls=":")
    ax.set(xlabel="round of 32 carts", ylabel="steps that the pole stays up", ylim=(0, 210))
    ax.figure.savefig(path)


if __name__ == "__main__":
    gallery.run(main)
