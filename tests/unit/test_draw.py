"""`graduate draw`, on plain pictures where every drawn pixel shows."""

import io
import json
from base64 import b64encode
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import tiny_models
from PIL import Image, ImageDraw

from graduate.components.batch_predict.parquet import to_parquet
from graduate.components.errors import InputError
from graduate.components.reports.annotate import Annotator
from graduate.components.reports.pictures import PredictedBox
from graduate.pipelines.draw import draw

_BOXES = {"displayNames": ["cat", "dog"], "confidences": [0.9, 0.3], "bboxes": [[0.25, 0.75, 0.25, 0.75], [0, 1, 0, 1]]}
_TENSORS = {
    "detection_boxes": [[0.25, 0.25, 0.75, 0.75], [0, 0, 1, 1]],
    "detection_classes_as_text": ["cat", "dog"],
    "detection_classes": [1, 2],
    "detection_scores": [0.9, 0.3],
    "num_detections": 2,
}


@pytest.fixture
def grey(tmp_path):
    """A picture large enough that nothing drawn on it touches its edges."""
    file = tmp_path / "images" / "a" / "grey.png"
    file.parent.mkdir(parents=True)
    Image.new("RGB", (400, 400), "#808080").save(file)
    return file


def _lines(file: Path, *lines: dict) -> Path:
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def _drawn(file: Path | io.BytesIO) -> np.ndarray:
    """Where a picture is not grey any more."""
    return np.abs(np.asarray(Image.open(file).convert("RGB")).astype(int) - 128).max(axis=2) > 40


def _is_a_box(drawn: np.ndarray) -> bool:
    """The cat's box, its label above it, and nothing else."""
    return bool(
        drawn[101, 110:290].all()
        and drawn[110:290, 300].all()
        and not drawn[110:290, 110:290].any()
        and not drawn[310:].any()
        and drawn[80:95, 105:150].any()
    )


@pytest.mark.parametrize("prediction", [_BOXES, _TENSORS, {**_BOXES, "ids": ["7", "8"]}])
def test_boxes_of_every_service_are_drawn_where_they_are(tmp_path, grey, prediction):
    results = _lines(tmp_path / "results.jsonl", {"instance": {"content": str(grey)}, "prediction": prediction})

    draw(str(results), output=str(tmp_path / "out"))

    (picture,) = (tmp_path / "out").iterdir()
    assert picture.name.endswith("a_grey.jpg")
    assert _is_a_box(_drawn(picture))


def test_a_folder_of_shards_is_read_without_its_errors(tmp_path, grey):
    folder = tmp_path / "results"
    folder.mkdir()
    line = {"key": "first", "instance": {"content": str(grey)}, "prediction": _BOXES}
    _lines(folder / "prediction.results-00000-of-00002", line)
    (folder / "prediction.results-00001-of-00002.parquet").write_bytes(
        to_parquet([{**line, "key": "second"}], ("displayNames", "confidences", "bboxes"))
    )
    _lines(folder / "prediction.errors-00000-of-00002", {"key": "bad", "error": {"code": 3, "message": "no"}})
    (folder / "summary.json").write_text("{}")

    draw(str(folder), output=str(tmp_path / "out"))

    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["first.jpg", "second.jpg"]
    assert _is_a_box(_drawn(tmp_path / "out" / "second.jpg"))


def test_results_of_automl_in_a_bucket_are_drawn_into_a_bucket(bucket, grey):
    bucket.blob("images/grey.png").upload_from_filename(grey)
    line = {"instance": {"content": "gs://bucket/images/grey.png", "mimeType": "image/png"}, "prediction": _BOXES}
    bucket.blob("job/prediction-model-1/predictions_00001.jsonl").upload_from_string(json.dumps(line))
    bucket.blob("job/prediction-model-1/errors_00001.jsonl").upload_from_string("no result")

    draw("gs://bucket/job", output="gs://bucket/drawn")

    drawn = io.BytesIO(bucket.blob("drawn/gs_bucket_images_grey.jpg").download_as_bytes())
    assert _is_a_box(_drawn(drawn))


def test_predictions_of_a_model_folder_are_drawn_from_the_images(tmp_path, grey):
    results = _lines(tmp_path / "test.jsonl", {"id": "a/grey.png", "prediction": _BOXES})

    draw(str(results), output=str(tmp_path / "out"), images=str(tmp_path / "images"))

    assert _is_a_box(_drawn(tmp_path / "out" / "a_grey.jpg"))


def test_images_inside_files_are_found_again(tmp_path, grey):
    other = tiny_models.an_image(tmp_path / "other.png")
    images = [b64encode(file.read_bytes()).decode() for file in (other, grey)]
    requests = _lines(tmp_path / "requests.jsonl", *({"b64": image} for image in images))
    # The second before the first: the search begins anew.
    lines = [
        {"key": f"number {at}", "instance": {"source": f"requests.jsonl:{at}"}, "prediction": _BOXES}
        for at in (2, 1, 3)
    ]
    results = _lines(tmp_path / "results.jsonl", *lines)

    draw(str(results), output=str(tmp_path / "out"), input=str(requests))

    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["number_1.jpg", "number_2.jpg"]
    assert _is_a_box(_drawn(tmp_path / "out" / "number_2.jpg"))
    with pytest.raises(InputError, match="--input"):
        draw(str(results), output=str(tmp_path / "nothing"))


def test_images_inside_the_results_are_drawn_on(tmp_path, grey):
    instance = {"b64": b64encode(grey.read_bytes()).decode()}
    results = _lines(tmp_path / "results.jsonl", {"key": "k", "instance": instance, "prediction": _BOXES})

    draw(str(results), output=str(tmp_path / "out"))

    assert _is_a_box(_drawn(tmp_path / "out" / "k.jpg"))


def test_labels_alone_become_a_caption(tmp_path, grey):
    prediction = {"displayNames": ["cat", "dog"], "confidences": [0.4, 0.1]}
    results = _lines(
        tmp_path / "results.jsonl", {"key": "k", "instance": {"content": str(grey)}, "prediction": prediction}
    )

    draw(str(results), output=str(tmp_path / "out"))

    drawn = _drawn(tmp_path / "out" / "k.jpg")
    assert drawn[370:, :80].any()
    assert not drawn[:360].any()
    assert not drawn[:, 200:].any()


def test_a_missing_image_is_named_and_the_others_are_drawn(tmp_path, grey, capsys):
    results = _lines(
        tmp_path / "results.jsonl",
        {"key": "gone", "instance": {"content": str(grey.with_name("gone.png"))}, "prediction": _BOXES},
        {"key": "value", "instance": {"content": str(grey)}, "prediction": {"value": 3.0}},
        {"key": "there", "instance": {"content": str(grey)}, "prediction": _BOXES},
    )

    draw(str(results), output=str(tmp_path / "out"))

    said = capsys.readouterr().out
    assert "not drawn: gone:" in said
    assert "not drawn: value:" in said
    assert "1 pictures" in said
    assert "2 not drawn" in said


@pytest.mark.parametrize("key", ["../../x", "/etc/x", "..", "a\\..\\x", "x" * 400, "..\x00/x", "中" * 200])
def test_a_key_is_only_a_name(tmp_path, grey, key):
    line = {"key": key, "instance": {"content": str(grey)}, "prediction": _BOXES}
    results = _lines(tmp_path / "results.jsonl", line, line)
    before = set(tmp_path.rglob("*"))

    draw(str(results), output=str(tmp_path / "out"))

    written = set(tmp_path.rglob("*")) - before - {tmp_path / "out"}
    assert len(written) == 2
    assert all(path.parent == tmp_path / "out" and path.suffix == ".jpg" for path in written)


def test_the_limit_counts_results(tmp_path, grey):
    line = {"key": "k", "instance": {"content": str(grey)}, "prediction": _BOXES}

    draw(str(_lines(tmp_path / "results.jsonl", *[line] * 5)), output=str(tmp_path / "out"), limit=2)

    assert len(list((tmp_path / "out").iterdir())) == 2


@pytest.mark.parametrize("content", ["{", "[1]", '{"key": "k"}', '{"instance": [1], "prediction": {}}'])
def test_a_file_that_is_no_result_is_said_with_its_line(tmp_path, content):
    (tmp_path / "results.jsonl").write_text(f"\n{content}\n")

    with pytest.raises(InputError, match=r"results.jsonl, line 2: no result"):
        draw(str(tmp_path / "results.jsonl"), output=str(tmp_path / "out"))


def test_boxes_that_are_none_are_said_and_numbers_are_labels_too(tmp_path, grey, capsys):
    lines = [
        {"key": label, "instance": {"content": str(grey)}, "prediction": _vertex(label, corner)}
        for label, corner in ((7, 0.1), (8, None), (9, "x"))
    ]

    draw(str(_lines(tmp_path / "results.jsonl", *lines)), output=str(tmp_path / "out"))

    assert [file.name for file in (tmp_path / "out").iterdir()] == ["7.jpg"]
    assert capsys.readouterr().out.count("the boxes, labels and confidences do not belong together") == 2


def _vertex(label, corner):
    return {"displayNames": [label], "confidences": [0.9], "bboxes": [[corner, 0.5, 0.2, 0.6]]}


def test_a_label_has_one_colour_in_all_runs_and_no_other_has_it():
    labels = [f"label {number}" for number in range(15)]
    picture = Image.new("RGB", (400, 400), "#808080")
    boxes = [PredictedBox(label, 0.9, 0.2, 0.2, 0.8, 0.8) for label in labels]

    def colours(annotator):
        return [annotator.boxes(picture, [box]).getpixel((80, 200)) for box in boxes]

    one = Annotator()
    assert len(set(colours(one))) == len(labels)
    assert colours(one) == colours(Annotator())


@pytest.mark.parametrize(
    "box", [(0, 0, 0.1, 0.1), (0.95, 0.95, 1, 1), (0.9, 0, 1, 1), (-0.5, -0.5, 1.5, 1.5), (1, 1, 0, 0)]
)
@pytest.mark.parametrize("label", ["cat", "a label much longer than the picture is wide, by far and far", "日本語"])
def test_chips_stay_in_the_picture(box, label, monkeypatch):
    chips = []
    monkeypatch.setattr(ImageDraw.ImageDraw, "rounded_rectangle", lambda self, xy, **kwargs: chips.append(xy))

    Annotator().boxes(Image.new("RGB", (330, 320)), [PredictedBox(label, 0.9, *box)])

    ((left, top, right, bottom),) = chips
    assert 0 <= left < right < 330
    assert 0 <= top < bottom < 320


def test_chips_of_neighbours_do_not_cover_one_another(monkeypatch):
    chips = []
    monkeypatch.setattr(ImageDraw.ImageDraw, "rounded_rectangle", lambda self, xy, **kwargs: chips.append(xy))
    box = (0.3, 0.3, 0.7, 0.7)

    Annotator().boxes(Image.new("RGB", (400, 400)), [PredictedBox(label, 0.9, *box) for label in ("cat", "dog", "cow")])

    spans = [(range(round(x0), round(x1)), range(round(y0), round(y1))) for x0, y0, x1, y1 in chips]
    for (xs, ys), (others_x, others_y) in combinations(spans, 2):
        assert not (set(xs) & set(others_x) and set(ys) & set(others_y))


def test_a_tiny_picture_is_enlarged_until_letters_can_be_read():
    drawn = Annotator().caption(Image.new("RGB", (28, 20)), [("seven", 0.99)])

    assert drawn.size == (336, 240)
