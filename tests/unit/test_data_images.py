import hashlib
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_images import image_bytes

from graduate.components.data import images
from graduate.components.data.images import ImageError, decode, read_image
from graduate.components.data.items import Item
from graduate.components.errors import InputError
from graduate.components.prediction.decode import decode as fast_decode


def test_an_image_decodes_to_its_pixels() -> None:
    pixels = decode(image_bytes(seed=3))
    assert (pixels.shape, pixels.dtype) == ((20, 40, 3), np.uint8)
    assert np.array_equal(pixels, np.random.default_rng(3).integers(0, 256, (20, 40, 3), np.uint8))


def test_grey_images_have_three_channels() -> None:
    buffer = io.BytesIO()
    Image.new("L", (4, 2), 7).save(buffer, "PNG")
    assert np.array_equal(decode(buffer.getvalue()), np.full((2, 4, 3), 7))


@pytest.mark.parametrize("format_", ["PNG", "TIFF"])
def test_greys_of_16_bits_keep_their_upper_half(format_: str) -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.array([[0, 0x7F80, 0xFFFF]], np.uint16)).save(buffer, format_)
    assert decode(buffer.getvalue())[0, :, 0].tolist() == [0, 0x7F, 0xFF]


def test_pixels_of_32_bits_are_refused() -> None:
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((2, 2), np.float32)).save(buffer, "TIFF")
    with pytest.raises(ImageError, match="32-bit pixels") as caught:
        decode(buffer.getvalue())
    assert caught.value.reason == "undecodable_image"


def test_the_orientation_tag_is_ignored() -> None:
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20)).save(buffer, "JPEG", exif=exif)
    assert decode(buffer.getvalue()).shape == (20, 40, 3)


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"", "empty"), (b"hello", "not an image"), (image_bytes(0, format_="JPEG")[:-300], "not a whole image")],
)
def test_what_is_no_whole_image_is_undecodable(data: bytes, message: str) -> None:
    with pytest.raises(ImageError, match=message) as caught:
        decode(data)
    assert caught.value.reason == "undecodable_image"


def test_an_image_of_too_many_pixels_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_PIXELS", 799)
    with pytest.raises(ImageError, match="40 x 20 pixels") as caught:
        decode(image_bytes())
    assert caught.value.reason == "too_large"


def test_a_decompression_bomb_is_too_large() -> None:
    # Only the header claims the size.
    png = bytearray(image_bytes())
    png[16:24] = (60_000).to_bytes(4) * 2
    png[29:33] = zlib.crc32(bytes(png[12:29])).to_bytes(4)
    with pytest.raises(ImageError) as caught:
        decode(bytes(png))
    assert caught.value.reason == "too_large"


def test_a_picture_larger_than_its_icon_says_is_not_decoded() -> None:
    png = image_bytes()
    icon = struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(png), 22) + png
    with pytest.raises(ImageError, match="40 x 20 pixels, at most 799"):
        decode(icon, 799)


def test_a_jpeg_of_endless_scans_is_not_decoded() -> None:
    file = io.BytesIO()
    Image.open(io.BytesIO(image_bytes())).save(file, "JPEG", progressive=True)
    progressive = file.getvalue()
    refinement = progressive[progressive.rindex(b"\xff\xda") : -2]
    endless = progressive[:-2] + 100 * refinement + b"\xff\xd9"
    for read in (decode, fast_decode):
        with pytest.raises(ImageError, match="a JPEG of more than 100 scans"):
            read(endless)
        assert np.array_equal(read(progressive + 200 * b"\xff\xda"), read(progressive))


def test_formats_that_nobody_asked_for_are_not_opened() -> None:
    # Pillow starts Ghostscript for this one.
    postscript = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\nshowpage\n"
    with pytest.raises(ImageError, match=r"^not an image$"):
        decode(postscript)


def test_an_image_that_changed_since_the_import_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(image_bytes(1))
    item = Item("a.png", str(path), "i.jsonl:1", hashlib.sha256(image_bytes(1)).hexdigest(), "", 40, 20, "0" * 16)
    assert read_image(item) == image_bytes(1)
    path.write_bytes(image_bytes(2))
    with pytest.raises(InputError, match=r"a\.png \(i\.jsonl:1\) has changed"):
        read_image(item)
    path.unlink()
    with pytest.raises(InputError, match="cannot be read any more"):
        read_image(item)
