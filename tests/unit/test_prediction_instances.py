import base64
import io
from pathlib import Path

import numpy as np
import orjson
import pytest
from PIL import Image

from graduate.components.errors import InputError
from graduate.components.prediction.instances import file_of, image_of, row_of

PIXELS = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)


@pytest.fixture(scope="module")
def png() -> bytes:
    file = io.BytesIO()
    Image.fromarray(PIXELS).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def text(png: bytes) -> str:
    return base64.b64encode(png).decode()


def test_every_form_gives_the_same_pixels(png: bytes, text: str, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png)
    forms = [
        {"b64": text},
        {"image_bytes": {"b64": text}, "key": "a"},
        {"key": "a", "content": text, "mimeType": "image/png"},
        {"content": str(tmp_path / "a.png"), "mimeType": "image/png"},
        {"image_tensor": PIXELS.tolist()},
    ]
    for form in forms:
        pixels = image_of(form, may_read_files=True)
        assert pixels.dtype == np.uint8
        np.testing.assert_array_equal(pixels, PIXELS)


def test_an_instance_given_online_reads_no_file(png: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png)
    for name in (f"{tmp_path}/a.png", "gs://bucket/a", "../a.png"):
        with pytest.raises(InputError, match="files are not read here"):
            image_of({"content": name})


def test_a_remote_image_is_read_in_batch(png: bytes, bucket) -> None:
    bucket.blob("a").upload_from_string(png)
    np.testing.assert_array_equal(image_of({"content": "gs://bucket/a"}, may_read_files=True), PIXELS)
    with pytest.raises(InputError, match="gs://bucket/b cannot be read"):
        image_of({"content": "gs://bucket/b"}, may_read_files=True)


@pytest.mark.parametrize("name", ["/nowhere/a.png", "a\0.png", "."])
def test_a_file_that_cannot_be_read_is_said(name: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        image_of({"content": name}, may_read_files=True)


@pytest.mark.parametrize("bad", ["YQ", "Y Q==", "YQ==\n", "_-__", "é", "YQ==YQ==", "data:image/png;base64,YQ=="])
def test_base64_is_strict(bad: str) -> None:
    with pytest.raises(InputError, match="b64 is not base64"):
        image_of({"b64": bad})


@pytest.mark.parametrize(
    ("instance", "message"),
    [
        (None, "JSON object, not None"),
        ("YQ==", "JSON object, not 'YQ=='"),
        ([1], "JSON object, not"),
        ({}, "has no image, only"),
        ({"key": "a", "age": 3}, r"only \['age', 'key'\]"),
        ({"b64": 5}, "b64 is 5, not text in base64"),
        ({"image": {"b64": None}}, "image is None, not text"),
        ({"content": None}, "content is None, not text"),
        ({"b64": ""}, "the file is empty"),
        ({"b64": "YWJj"}, "not an image"),
    ],
)
def test_what_is_no_image_is_said_in_a_sentence(instance, message: str) -> None:
    with pytest.raises(InputError, match=message):
        image_of(instance, may_read_files=True)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (5, "has shape"),
        ("abc", "has shape"),
        ([], "has shape"),
        ([[1, 2, 3]], r"has shape \[1, 3\]"),
        ([[[1, 2, 3, 4]]], r"has shape \[1, 1, 4\]"),
        ([[[[1, 2, 3]]]], r"has shape \[1, 1, 1, 3\]"),
        (orjson.loads("[" * 1000 + "]" * 1000), r"has shape \[1, 1, 1, 1\]: give"),
        ([[]], "has shape"),
        ([[[1, 2, 3]], [[1, 2, 3], [4, 5, 6]]], "different lengths"),
        ([[[1, 2, 3]], None], "different lengths"),
        ([[[1, 2, 3], None]], "different lengths"),
        ([[[1, 2, 3], [4, 5]]], "different lengths"),
        ([[[1, 2, None]]], "holds int64"),
        ([[[0.5, 1, 0]]], "holds double"),
        ([[[1.0, 2.0, 3.0]]], "holds double"),
        ([[[True, False, True]]], "holds bool"),
        ([[["1", "2", "3"]]], "holds string"),
        ([[[1, 2, 256]]], "holds numbers from 1 to 256"),
        ([[[-1, 2, 3]]], "holds numbers from -1 to 3"),
        ([[[1, 2, 2**70]]], "whole numbers"),
        ([[[1, "2", 3]]], "whole numbers"),
        ([[[1, 2, {}]]], "whole numbers"),
    ],
)
def test_pixels_are_checked_for_shape_kind_and_range(values, message: str) -> None:
    with pytest.raises(InputError, match=message):
        image_of({"image_tensor": values})


def test_no_form_passes_the_pixel_limit(text: str) -> None:
    for form in ({"b64": text}, {"image_tensor": PIXELS.tolist()}):
        assert image_of(form, max_pixels=20).shape == (4, 5, 3)
        with pytest.raises(InputError, match="5 x 4 pixels, at most 19 are read"):
            image_of(form, max_pixels=19)


def test_base64_is_never_taken_for_a_file(text: str) -> None:
    assert [file_of({"content": content}) for content in (text, "", 5, "a.jpg", "gs://b/a")] == [
        "",
        "",
        "",
        "a.jpg",
        "gs://b/a",
    ]


def test_a_row_is_an_object() -> None:
    assert row_of({"age": 3}) == {"age": 3}
    with pytest.raises(InputError, match=r"not \[3\]"):
        row_of([3])
