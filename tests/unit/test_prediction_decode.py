"""The fast decoder gives the bits of the decoder that training reads with, and refuses what that refuses."""

import io

import numpy as np
import pytest
from PIL import Image

from graduate.components.data import images
from graduate.components.data.images import ImageError
from graduate.components.prediction.decode import decode


def a_picture(mode: str = "RGB") -> Image.Image:
    """A smooth and a noisy half, 61 x 47 pixels: neither side is a multiple of a JPEG block."""
    rng = np.random.default_rng(0)
    pixels = np.linspace(0, 255, 61 * 47 * 3).reshape(47, 61, 3)
    pixels[:, 30:] = rng.integers(0, 256, (47, 31, 3))
    return Image.fromarray(pixels.astype(np.uint8)).convert(mode)


def encoded(picture: Image.Image, form: str = "JPEG", **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


# An EXIF block of one entry, orientation 6: to be turned by a quarter.
TURNED = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
FILES = {
    "4:4:4": encoded(a_picture(), subsampling=0),
    "4:2:2": encoded(a_picture(), subsampling=1),
    "4:2:0": encoded(a_picture(), subsampling=2),
    "progressive": encoded(a_picture(), progressive=True),
    "low quality": encoded(a_picture(), quality=5),
    "grey": encoded(a_picture("L")),
    "CMYK": encoded(a_picture("CMYK")),
    "RGB inside": encoded(a_picture(), keep_rgb=True),
    "turned by EXIF": encoded(
        a_picture(), exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    ),
    "junk behind its end": encoded(a_picture()) + b"junk",
    "PNG": encoded(a_picture("RGBA"), "PNG"),
    "GIF": encoded(a_picture(), "GIF"),
    "WebP": encoded(a_picture(), "WEBP"),
    "16 bits": encoded(Image.fromarray(np.arange(600, dtype=np.uint16).reshape(20, 30) * 100), "PNG"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_decoded_to_the_bits_that_training_sees(name: str):
    np.testing.assert_array_equal(decode(FILES[name]), images.decode(FILES[name]))


@pytest.mark.parametrize("size", [0, 3, 20, 200, len(FILES["4:2:0"]) - 40])
def test_a_jpeg_that_is_cut_short_is_refused_as_training_refuses_it(size: int):
    cut = FILES["4:2:0"][:size]
    with pytest.raises(ImageError) as theirs:
        images.decode(cut)
    with pytest.raises(ImageError) as ours:
        decode(cut)
    assert (str(ours.value), ours.value.reason) == (str(theirs.value), "undecodable_image")


@pytest.mark.parametrize("name", ["4:2:0", "CMYK", "PNG"])
def test_an_image_of_more_pixels_than_allowed_is_refused_before_it_is_decoded(name: str):
    with pytest.raises(ImageError, match="61 x 47 pixels, at most 2,866 are read") as refused:
        decode(FILES[name], max_pixels=2_866)
    assert refused.value.reason == "too_large"
    assert decode(FILES[name], max_pixels=2_867).shape == (47, 61, 3)


def test_a_jpeg_whose_header_claims_a_huge_picture_is_refused():
    height_at = FILES["4:2:0"].index(b"\xff\xc0") + 5
    bomb = FILES["4:2:0"][:height_at] + b"\xff\xdc\xff\xdc" + FILES["4:2:0"][height_at + 4 :]
    with pytest.raises(ImageError, match=r"65500 x 65500 pixels|at most"):
        decode(bomb)


def test_any_flipped_byte_of_a_jpeg_ends_as_training_sees_it():
    rng, whole = np.random.default_rng(1), FILES["4:2:0"]
    for place in rng.integers(2, len(whole), 150):
        flipped = whole[:place] + bytes([whole[place] ^ int(rng.integers(1, 256))]) + whole[place + 1 :]
        assert outcome(decode, flipped) == outcome(images.decode, flipped), place


def outcome(decoder, data: bytes) -> bytes | str:
    try:
        return decoder(data).tobytes()
    except ImageError as error:
        return error.reason
