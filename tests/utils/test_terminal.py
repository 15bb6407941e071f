"""Pictures drawn in characters, and the shapes that pictures come in."""

import io
import re

import ml_dtypes
import numpy as np
import pytest

from geartrain.utils import terminal
from geartrain.utils.pixels import as_picture, as_pictures, grey
from geartrain.utils.terminal import picture, side_by_side

RING = [[0, 1, 1, 0], [1, 0, 0, 1], [1, 0, 0, 1], [0, 1, 1, 0]]


def blocks(image, width=None):
    return picture(image, width, encoding="utf-8", colour=False)


def letters(image, width=None):
    return picture(image, width, encoding="ascii", colour=False)


def test_half_blocks_show_two_rows_in_one():
    assert blocks(RING) == "▄▀▀▄\n▀▄▄▀"
    assert blocks([[0, 1, 0, 1], [0, 1, 1, 0]]) == " █▄▀"


def test_shades_show_what_is_between():
    assert blocks(np.array([[0, 0.25, 0.5, 0.75, 1]] * 2)) == " ░▒▓█"
    assert blocks(np.array([[0.4], [0.6]])) == "▒"


def test_letters_where_there_are_no_blocks():
    assert letters(np.linspace(0, 1, 10)[None].repeat(2, 0)) == " .:-=+*#%@"
    assert letters(RING) == "====\n===="
    assert letters([[1], [0]]) == "="  # rounds half to even, 4.5 is 4
    assert picture(RING, encoding="latin-1").isascii()
    assert picture(RING, encoding="no such encoding").isascii()


def test_a_digit_fits_in_its_own_width():
    image = np.zeros((28, 28), "uint8")
    image[4:24, 13:15] = 255
    lines = blocks(image).split("\n")
    assert [len(line) for line in lines] == [28] * 14
    assert {line.strip() for line in lines} == {"", "██"}
    for shaped in (image[..., None], image[None], image / 255.0, image > 0, image[..., None] / 255):
        assert blocks(shaped).split("\n") == lines


@pytest.mark.parametrize(
    ("shape", "width", "lines", "columns"),
    [
        ((28, 28), 14, 7, 14),
        ((28, 28), 56, 28, 56),
        ((100, 200), None, 20, 80),
        ((3, 9), 5, 1, 5),
        ((1, 1), None, 1, 1),
        ((1, 50), None, 1, 50),
        ((7, 5), 1, 1, 1),
    ],
)
def test_sizes(shape, width, lines, columns):
    text = letters(np.ones(shape, "float32"), width).split("\n")
    assert text == ["@" * columns] * lines


def test_resizing_keeps_the_mean_brightness():
    pixels = np.random.default_rng(0).random((12, 20))
    for height, width in ((6, 10), (4, 7), (24, 33), (12, 20)):
        resized = terminal._resize(pixels, height, width)
        assert resized.shape == (height, width)
        np.testing.assert_allclose(resized.mean(), pixels.mean())
    np.testing.assert_allclose(resized, pixels)


def test_colours_are_greys_of_both_pixels():
    text = picture([[0, 1, 1], [1, 1, 1]], encoding="utf-8", colour=True)
    assert text == "\x1b[38;5;16;48;5;231m▀\x1b[38;5;231;48;5;231m▀▀\x1b[0m"
    middle = picture(np.full((2, 1), 0.5), encoding="utf-8", colour=True)
    assert middle == "\x1b[38;5;243;48;5;243m▀\x1b[0m"


def test_colours_only_on_a_terminal_that_has_them(monkeypatch):
    class Terminal(io.StringIO):
        encoding = "utf-8"

        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b" not in picture(RING, encoding="utf-8")
    monkeypatch.setattr(terminal.sys, "stdout", Terminal())
    assert "\x1b" in picture(RING)
    assert "\x1b" not in picture(RING, colour=False)
    assert "\x1b" not in picture(RING, encoding="ascii", colour=True)
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in picture(RING)
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b" not in picture(RING)
    monkeypatch.setattr(terminal.sys, "stdout", None)
    assert picture(RING) == blocks(RING)


def test_side_by_side_with_captions():
    text = side_by_side(["aa\naa", "bbbb\nbbbb"], [7, "2 -> 3"])
    assert text.split("\n") == ["aa   bbbb", "aa   bbbb", "7   2 -> 3"]
    assert side_by_side(["a\na", "b\nb"]) == "a  b\na  b"
    assert side_by_side([]) == ""


def test_unequal_heights_stand_on_their_captions():
    assert side_by_side(["a\na\na", "b"], ["x", "y"]).split("\n") == ["a", "a", "a  b", "x  y"]


def test_what_does_not_fit_continues_below():
    text = side_by_side(["#" * 30] * 5, list("vwxyz"), columns=70)
    rows = text.split("\n\n")
    assert [row.count("#") for row in rows] == [60, 60, 30]
    assert max(map(len, text.split("\n"))) <= 70
    wide = side_by_side(["#" * 90, "a"])  # wider than the room: alone, and whole
    assert wide.split("\n\n") == ["#" * 90, "a"]


@pytest.mark.parametrize(
    ("number", "width"), [(1, 28), (2, 28), (3, 25), (5, 14), (6, 14), (60, 14)]
)
def test_images_are_drawn_as_large_as_fits(monkeypatch, number, width):
    monkeypatch.setattr(terminal, "_can_write", lambda characters, encoding: False)
    text = side_by_side(np.ones((number, 28, 28)), ["7"] * number)
    assert text.split("\n")[0].split("  ")[0] == "@" * width
    assert max(map(len, text.split("\n"))) <= 80


def test_colours_take_no_room():
    drawn = picture(RING, encoding="utf-8", colour=True)
    first, _, captions = side_by_side([drawn, drawn], ["a", "bb"]).split("\n")
    assert re.sub(r"\x1b\[[0-9;]*m", "", first) == "▀▀▀▀  ▀▀▀▀"
    assert captions == " a     bb"


def test_brightness_of_every_kind_of_pixel():
    expected = [[0.0, 0.2], [0.4, 1.0]]
    for x in (
        np.array([[0, 51], [102, 255]], "uint8"),
        np.array([[0, 51], [102, 255]]),
        np.array([[0, 51], [102, 255]], "float32"),
        np.array(expected, "float32"),
        np.array([[-1.0, -0.4], [0.2, 2.0]]),  # standardised: stretched
        np.array([[0.0, 200.0], [400.0, 1000.0]]),
    ):
        np.testing.assert_allclose(as_picture("image", x), expected, atol=1e-7)
    np.testing.assert_array_equal(as_picture("image", [[True, False]]), [[1, 0]])
    np.testing.assert_array_equal(as_picture("image", [[-3.0, -3.0]]), [[0, 0]])
    np.testing.assert_array_equal(as_picture("image", [[np.nan, 1.0, -np.inf]]), [[0, 1, 0]])
    foreign = as_picture("image", np.array([[0.5, 1]], ml_dtypes.bfloat16))
    np.testing.assert_array_equal(foreign, [[0.5, 1]])


def test_shapes_of_pictures():
    for shape, expected in [
        ((6, 5), (6, 5)),
        ((6, 5, 1), (6, 5)),
        ((1, 6, 5), (6, 5)),
        ((6, 5, 3), (6, 5, 3)),
        ((3, 6, 5), (6, 5, 3)),
        ((6, 5, 4), (6, 5, 4)),
        ((3, 6, 3), (3, 6, 3)),
    ]:
        assert as_picture("image", np.ones(shape)).shape == expected
    for shape, expected in [
        ((9, 6, 5), (9, 6, 5)),
        ((9, 6, 5, 1), (9, 6, 5)),
        ((9, 3, 6, 5), (9, 6, 5, 3)),
        ((9, 6, 5, 4), (9, 6, 5, 4)),
    ]:
        assert as_pictures("images", np.ones(shape)).shape == expected


def test_pictures_of_a_batch_share_one_scale():
    pictures = as_pictures("images", np.array([[[0, 10]], [[0, 200]]], "uint8"))
    np.testing.assert_allclose(pictures[:, 0, 1], [10 / 255, 200 / 255])


def test_grey_is_luminance():
    colours = np.array([[[1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]])
    np.testing.assert_allclose(grey(colours), [[0.299, 0.587, 0.114, 1.0]])
    np.testing.assert_allclose(grey(np.array([[[1, 1, 1, 0.5]]])), [[0.5]])


ONE = "picture expected an image of shape (height, width), (height, width, 1), (height, width, 3)"
MANY = "images expected images of shape (samples, height, width) or (samples, height, width, chan"
ERRORS = [
    (lambda: picture(np.ones(784)), ValueError, ONE),
    (lambda: picture(np.ones(784)), ValueError,
     "Received: shape (784,). A flattened image? Reshape it: x.reshape(28, 28)."),
    (lambda: picture(np.ones((2, 28, 28))), ValueError,
     "Received: shape (2, 28, 28). A batch? Pick one, x[0], or draw several at once."),
    (lambda: picture(3.0), ValueError, "Received: shape ()."),
    (lambda: picture(np.ones((0, 4))), ValueError,
     "picture expected at least one pixel. Received: shape (0, 4)."),
    (lambda: picture([["a"]]), TypeError,
     "picture expected numbers as pixels. Received: shape (1, 1), dtype <U1."),
    (lambda: picture([[1], [1, 2]]), ValueError, "Received: lists of unequal lengths. Give every"),
    (lambda: picture(RING, width=0), ValueError,
     "picture expected a width of at least 1 column. Received: 0"),
    (lambda: side_by_side(["a", "b"], ["1"]), ValueError,
     "side_by_side expected a caption for each of 2 pictures. Received: 1 captions."),
    (lambda: as_pictures("images", np.ones((28, 28))), ValueError, MANY),
    (lambda: as_pictures("images", np.ones((28, 28))), ValueError,
     "Received: shape (28, 28). This looks like one image: pass x[None]."),
    (lambda: as_pictures("images", np.ones((28, 30, 3))), ValueError,
     "Received: shape (28, 30, 3). This looks like one image: pass x[None]."),
    (lambda: as_pictures("images", np.ones((5, 784))), ValueError,
     "Received: shape (5, 784). A flattened image? Reshape it: x.reshape(-1, 28, 28)."),
    (lambda: as_pictures("images", np.ones((2, 5, 6, 7))), ValueError, "shape (2, 5, 6, 7)."),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "message"), ERRORS)
def test_errors_say_what_was_received_and_what_would_do(call, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        call()
