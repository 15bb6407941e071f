"""Layers of signals, and the embedding that goes both ways."""

from __future__ import annotations

from record.common import Recording, args, integers, normal
from record.layers import NOTE, record_layer


def record() -> Recording:
    recording = Recording(NOTE)
    signal = normal("signal", (2, 40, 2))
    small = args(frame_length=8, frame_step=4)
    for number, config in enumerate([
        small,
        args(mode="magnitude", frame_length=8, fft_length=16, window="hamming", padding="same"),
        args(mode="psd", scaling="spectrum", periodic=True, **small),
        args(mode="stft", window=None, scaling=None, **small),
        args(mode="real", window="blackman", expand_dims=True, **small),
        args(mode="imag", data_format="channels_first", frame_length=6),
        args(mode="angle", expand_dims=True, **small),
    ]):  # fmt: skip
        x = signal.transpose(0, 2, 1) if "data_format" in config else signal
        record_layer(recording, f"STFTSpectrogram.{number}", "STFTSpectrogram", config, x)
    short = args(fft_length=32, sequence_stride=8, num_mel_bins=6, sampling_rate=800)
    for number, config in enumerate([
        short,
        args(power_to_db=False, mag_exp=1.0, sequence_length=20, window="hamming", **short),
        args(top_db=5.0, min_freq=50.0, max_freq=300, ref_power=0.5, **short),
    ]):  # fmt: skip
        record_layer(
            recording, f"MelSpectrogram.{number}", "MelSpectrogram", config, signal[..., 0]
        )
    words, vectors = integers("words", (3, 5), 7), normal("vectors", (3, 5, 4))
    table = args(input_dim=7, output_dim=4)
    for number, (config, call, x) in enumerate([
        (table, {}, words),
        ({**table, "tie_weights": False}, args(reverse=True), vectors),
        ({**table, "logit_soft_cap": 2.0}, args(reverse=True), vectors),
    ]):  # fmt: skip
        name = f"ReversibleEmbedding.{number}"
        record_layer(recording, name, "ReversibleEmbedding", config, x, call=call)
    return recording
