"""The zoo of models: what conversion proves, what it refuses, and that nothing passes that is wrong."""

import pytest

from benchmarks.onnx_zoo import FAMILY, NOT_IN_ONNX, run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return list(run([], tmp_path_factory.mktemp("zoo")))


def test_nothing_passes_that_is_wrong(rows):
    assert [row.name for row in rows if row.verdict == "WRONG"] == []


def test_at_least_nine_of_ten_families_of_keras_applications_are_proven(rows):
    families = [row for row in rows if row.kind == FAMILY]
    assert len(families) == 15
    proven = [row for row in families if row.verdict == "proven"]
    assert len(proven) >= 0.9 * len(families), [row.sentence for row in families if row.sentence]


def test_our_models_and_common_layers_are_proven(rows):
    assert {row.name: row.sentence for row in rows if row.kind not in (FAMILY, NOT_IN_ONNX) and row.sentence} == {}


def test_what_onnx_does_not_have_is_refused_by_the_name_of_its_op(rows):
    sentences = {row.name: row.sentence for row in rows if row.kind == NOT_IN_ONNX}
    ops = {
        "image_file": "DecodeJpeg",
        "parsed_example": "ParseExample",
        "area_resize": "ResizeArea",
        "lanczos_resize": "ScaleAndTranslate",
        "hashing": "StringToHashBucketFast",
        "text_vectorization": "StaticRegexReplace",
        "soft_suppression": "NonMaxSuppression",
        "random_numbers": "StatelessRandomUniform",
        "matrix_inverse": "MatrixInverse",
    }
    assert sentences.keys() == ops.keys()
    assert [name for name, op in ops.items() if op not in sentences[name]] == []
