"""Spectrograms of known signals, and what their layers refuse."""

import numpy as np
import pytest

from geartrain import Sequential, layers

RATE = 800
TIME = np.arange(400) / RATE


def test_a_tone_is_where_its_frequency_is():
    tone = np.float32(np.sin(2 * np.pi * 200 * TIME))[None]
    found = layers.STFTSpectrogram("psd", frame_length=64)(tone[..., None])
    assert set(found[0].argmax(1)) == {16}  # 200 of 800 Hz: a quarter of the 64 frequencies
    mel = layers.MelSpectrogram(64, 32, sampling_rate=RATE, num_mel_bins=20, top_db=30.0)
    decibels = mel(tone)[0, :, 3]
    edges = np.linspace(*(1127 * np.log1p(np.array([20, 400]) / 700)), 22)
    nearest = np.abs(edges[1:-1] - 1127 * np.log1p(200 / 700)).argmin()
    assert decibels.argmax() == nearest
    assert np.ptp(decibels) == pytest.approx(30.0)


def test_a_mel_spectrogram_of_one_signal_is_that_of_a_batch_of_one():
    layer = layers.MelSpectrogram(64, 32, sampling_rate=RATE, num_mel_bins=5)
    signal = np.float32(np.cos(300 * TIME**2))
    np.testing.assert_array_equal(layer(signal), layer(signal[None])[0])


def test_the_kernels_learn():
    rng = np.random.default_rng(0)
    model = Sequential([
        layers.Input((32, 1)), layers.STFTSpectrogram("magnitude", frame_length=8),
        layers.Flatten(), layers.Dense(1),
    ])  # fmt: skip
    model.compile("sgd", "mse")
    x, y = rng.normal(size=(8, 32, 1)), rng.normal(size=(8, 1))
    losses = model.fit(x, y, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 2
    assert len(model.layers[0].trainable_weights) == 2


REFUSED = [
    ({"mode": "loud"}, r"mode as one of 'log'.*'loud'"),
    ({"padding": "causal"}, r"padding as one of 'valid', 'same'.*'causal'"),
    ({"frame_step": 9, "frame_length": 8}, r"frame_step from 1 to frame_length=8. Received: 9"),
    ({"fft_length": 7, "frame_length": 8}, r"fft_length of at least frame_length=8. Received: 7"),
    ({"window": "hahn"}, r"window of STFT: 'hahn'.*'hann'"),
    ({"scaling": "loud"}, r"scaling of STFT: 'loud'"),
]


@pytest.mark.parametrize(("config", "message"), REFUSED)
def test_settings_that_do_not_fit_are_refused(config, message):
    with pytest.raises(ValueError, match=message):
        layers.STFTSpectrogram(**config)


def test_other_messages():
    with pytest.warns(UserWarning, match="a power of two is best for fft_length. Received: 12"):
        layers.STFTSpectrogram(frame_length=8, fft_length=12)
    with pytest.raises(TypeError, match=r"expected signals of floats. Received: int32"):
        layers.STFTSpectrogram(frame_length=4, dtype="int32")(np.zeros((1, 4, 1), "int32"))
    with pytest.raises(ValueError, match=r"fft_length of at least sequence_length=9. Received: 8"):
        layers.MelSpectrogram(fft_length=8, sequence_length=9)
