"""Next month's warmth of the Pacific: a recurrent network against two naive forecasts.

What it shows: windows cut from one long series, an LSTM over them, and the rule of all
forecasting: a forecast is worth what it adds to saying "as it is now" (persistence) or "as it was
a year ago" (seasonal). El Nino makes both of them err.

Data: the mean temperature of the sea's surface off Peru, each month from 1950 to 2010, from the
National Oceanic and Atmospheric Administration (public domain), as `statsmodels` carries it.

Figure: over the last 200 months, which it has not seen, the network's mean error is at least 40%
below that of the better of the two naive forecasts.
"""

import gallery
import keras
import numpy as np
from keras import layers

MUST_REACH = {"better than naive": 0.4}
MONTHS = 24  # that the network looks back
UNSEEN = 200


def load():
    """The temperatures of 732 months, in degrees Celsius."""
    from statsmodels.datasets import elnino

    return elnino.load_pandas().data.to_numpy("float32")[:, 1:].reshape(-1)


def main(epochs: int = 60, picture: str = "") -> dict[str, float]:
    """Train on all but the last 200 months, and forecast each of those from the 24 before it.

    Returns "error", the mean error in degrees, and by which share it is "better than naive".
    """
    keras.utils.set_random_seed(0)
    degrees = load()
    seen = degrees[:-UNSEEN]
    scaled = (degrees - seen.mean()) / seen.std()
    windows = np.lib.stride_tricks.sliding_window_view(scaled, MONTHS)[:-1, :, None]
    targets = scaled[MONTHS:]

    model = keras.Sequential([keras.Input((MONTHS, 1)), layers.LSTM(32), layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.005), "mean_squared_error")
    model.fit(windows[:-UNSEEN], targets[:-UNSEEN], batch_size=32, epochs=epochs, verbose=0)

    said = model.predict(windows[-UNSEEN:], verbose=0)[:, 0] * seen.std() + seen.mean()
    true = degrees[-UNSEEN:]
    as_now = degrees[-UNSEEN - 1 : -1]
    a_year_ago = degrees[-UNSEEN - 12 : -12]
    error = np.abs(said - true).mean()
    naive = min(np.abs(as_now - true).mean(), np.abs(a_year_ago - true).mean())
    if picture:
        draw(picture, true, said, a_year_ago)
    return {"error": error, "better than naive": 1 - error / naive}


def draw(path, true, said, a_year_ago):
    """The months that were not seen: what came, and what was forecast."""
    (ax,) = gallery.axes(width=7.5, height=3)
    years = 2011 - UNSEEN / 12 + np.arange(UNSEEN) / 12
    ax.plot(years, a_year_ago, color=gallery.GREY, lw=0.9, ls=":", label="a year ago")
    ax.plot(years, true, color="black", lw=1.2, label="what came")
    ax.plot(years, said, color=gallery.ORANGE, lw=1.2, ls="--", label="forecast a month ahead")
    ax.set(ylabel="degrees Celsius", xlim=(years[0], 2011))
    ax.legend(frameon=False, ncols=3, loc="upper center", bbox_to_anchor=(0.5, 1.16))
    ax.figure.savefig(path)


if __name__ == "__main__":
    gallery.run(main)
