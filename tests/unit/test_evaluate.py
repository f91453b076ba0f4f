"""Baseline against custom on stored predictions: figures, interval, page, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from tiny_models import an_image, an_item, image_dataset, people_dataset

from graduate.components.data.dataset import Dataset
from graduate.components.data.items import Box, Task
from graduate.components.errors import InputError
from graduate.components.evaluate.compare import compare
from graduate.components.models import predictions
from graduate.components.models.folder import ModelFolder

CAT, DOG = Box("cat", 0.1, 0.1, 0.5, 0.9), Box("dog", 0.6, 0.2, 0.9, 0.8)


def a_model(path: Path, dataset: Path, predicted: list[tuple[str, dict]], **fields) -> Path:
    """A model folder that was measured on the data set."""
    data = Dataset.open(dataset)
    values = {"name": path.name, "labels": data.labels, "framework": "onnx", "pretrained": "Not trained."}
    image = {"kind": "image", "name": "image_tensor", "height": 8, "width": 8}
    defaults = {"task": data.task, "dataset_digests": data.digests, "input": image}
    model = ModelFolder(path=path, **{**values, **defaults, **fields})
    model.save()
    predictions.write(model.predictions("test"), predicted)
    return path


def boxes(*found: tuple[Box, float]) -> dict:
    return {
        "displayNames": [box.label for box, _ in found],
        "confidences": [confidence for _, confidence in found],
        "bboxes": [[box.xmin, box.xmax, box.ymin, box.ymax] for box, _ in found],
    }


def label(name: str, confidence: float, other: str) -> dict:
    return {"displayNames": [name, other], "confidences": [confidence, 1 - confidence]}


def run(folder: Path, dataset: Path, baseline: Path, custom: Path, **arguments) -> dict:
    return dict(
        compare(
            dataset=str(dataset),
            baseline=str(baseline),
            custom=str(custom),
            output=str(folder / "evaluation"),
            page=str(folder / "page.html"),
            **arguments,
        )
    )


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    """Twelve test pictures with a cat and a dog each."""
    files = [an_image(tmp_path / f"{n}.png", seed=n) for n in range(12)]
    items = [an_item(file, f"scene {n}", [CAT, DOG]) for n, file in enumerate(files)]
    return image_dataset(tmp_path / "dataset", {"test": items})


@pytest.fixture
def detectors(tmp_path: Path, scenes: Path) -> tuple[Path, Path]:
    """A baseline that finds the cats of every second scene, and a custom model that finds all but the last dog."""
    shy = [(f"scene {n}", boxes((CAT, 0.3)) if n % 2 else boxes()) for n in range(12)]
    good = [(f"scene {n}", boxes((CAT, 0.9), *([(DOG, 0.8)] if n < 11 else []))) for n in range(12)]
    return a_model(tmp_path / "shy", scenes, shy), a_model(tmp_path / "good", scenes, good)


def test_detectors_are_compared_by_ap50_with_an_interval(tmp_path: Path, scenes: Path, detectors: tuple[Path, Path]):
    result = run(tmp_path, scenes, *detectors)
    # Half of the cats are 51 of the 101 recalls, and no dog; 11 of 12 dogs are 92 of them.
    assert result["baseline"]["metrics"]["ap50"] == pytest.approx(51 / 101 / 2)
    assert result["custom"]["metrics"]["ap50"] == pytest.approx((1 + 92 / 101) / 2)
    assert result["custom"]["per_label"] == pytest.approx({"cat": 1.0, "dog": 92 / 101})
    gap = result["difference"]
    assert gap["value"] == pytest.approx(0.5 + 41 / 202)
    assert 0.4 < gap["low"] < gap["value"] < gap["high"] < 1.0
    assert (result["better"], result["metric"], gap["resamples"]) == ("custom", "ap50", 200)
    assert json.loads((tmp_path / "evaluation" / "evaluation.json").read_text()) == result


def test_the_same_seed_gives_the_same_interval_and_another_seed_another(
    tmp_path: Path, scenes: Path, detectors: tuple[Path, Path]
):
    intervals = [run(tmp_path, scenes, *detectors, seed=seed)["difference"] for seed in (1, 1, 2)]
    assert intervals[0] == intervals[1] != intervals[2]


def test_the_page_shows_pictures_with_both_models_boxes(tmp_path: Path, scenes: Path, detectors: tuple[Path, Path]):
    run(tmp_path, scenes, *detectors)
    page = (tmp_path / "page.html").read_text()
    assert "The custom model is better" in page
    assert "Where custom wins most" in page
    assert "scene 11, custom: F1 0.67" in page
    assert page.count('<rect class="true"') > page.count('<rect class="predicted"') > 0
    assert "<script" not in page


def test_a_tie_goes_to_the_baseline(tmp_path: Path, scenes: Path, detectors: tuple[Path, Path]):
    result = run(tmp_path, scenes, detectors[1], detectors[1])
    assert result["better"] == "baseline"
    assert (result["difference"]["low"], result["difference"]["high"]) == (0.0, 0.0)


def test_classifiers_are_compared_by_accuracy_with_a_confusion_matrix(tmp_path: Path):
    file = an_image(tmp_path / "a.png")
    items = [an_item(file, f"{n}", labels=["cat" if n < 200 else "dog"]) for n in range(400)]
    dataset = image_dataset(tmp_path / "dataset", {"test": items}, Task.IMAGE_CLASSIFICATION)
    half = a_model(tmp_path / "half", dataset, [(f"{n}", label("cat", 0.6, "dog")) for n in range(400)])
    three_quarters = [(f"{n}", label("cat", 0.9, "dog") if n < 100 else label("dog", 0.8, "cat")) for n in range(400)]
    # The labels of a model may come in any order.
    better = a_model(tmp_path / "better", dataset, three_quarters, labels=["dog", "cat"])
    result = run(tmp_path, dataset, half, better)
    assert result["baseline"]["metrics"]["accuracy"] == 0.5
    assert result["custom"]["metrics"]["accuracy"] == 0.75
    assert result["custom"]["confusion"] == {"labels": ["cat", "dog"], "counts": [[100, 100], [0, 200]]}
    assert result["custom"]["per_label"] == pytest.approx({"cat": 2 / 3, "dog": 0.8})
    # A quarter was right only by the baseline, half only by custom: variance of the paired difference is 3/4 - 1/16.
    half_width = 1.96 * np.sqrt((3 / 4 - 1 / 16) / 400)
    gap = result["difference"]
    assert (gap["low"], gap["high"]) == pytest.approx((0.25 - half_width, 0.25 + half_width), abs=0.012)
    assert "true dog, baseline cat, custom dog" in (tmp_path / "page.html").read_text()


def test_regressions_are_compared_by_rmse_where_lower_is_better(tmp_path: Path):
    ages = [float(n) for n in range(50)]
    dataset = people_dataset(tmp_path / "dataset", {"test": [*ages, None]})
    rows = [f"test.csv:{n + 2}" for n in range(51)]
    off_by = {
        name: a_model(
            tmp_path / name, dataset, [(row, {"value": 2 * n + error}) for n, row in enumerate(rows)], labels=[]
        )
        for name, error in {"three": 3.0, "one": 1.0}.items()
    }
    result = run(tmp_path, dataset, off_by["three"], off_by["one"])
    assert result["better"] == "custom"
    assert result["difference"]["value"] == pytest.approx(-2.0)
    assert (result["test_items"], result["measured_items"]) == (51, 50)
    assert (tmp_path / "page.html").read_text().count("<circle") == 100


def test_a_model_measured_on_another_test_split_is_refused(tmp_path: Path, scenes: Path, detectors: tuple[Path, Path]):
    other = a_model(tmp_path / "other", scenes, [], dataset_digests={"test": "0" * 64})
    with pytest.raises(InputError, match="other was measured on another test split"):
        run(tmp_path, scenes, detectors[0], other)
    assert not (tmp_path / "evaluation").exists()


@pytest.mark.parametrize(
    ("predicted", "sentence"),
    [
        ([0, 1, 2], "9 of 12 test items are not predicted, the first is 'scene 10'"),
        ([*range(12), 3], "item 'scene 3' is predicted twice"),
        (range(13), "item 'scene 12' is not in the test split"),
    ],
)
def test_every_test_item_must_be_predicted_exactly_once(
    tmp_path: Path, scenes: Path, detectors: tuple[Path, Path], predicted: list[int], sentence: str
):
    sloppy = a_model(tmp_path / "sloppy", scenes, [(f"scene {n}", boxes()) for n in predicted])
    with pytest.raises(InputError, match=sentence):
        run(tmp_path, scenes, sloppy, detectors[1])


def test_a_model_without_predictions_is_refused(tmp_path: Path, scenes: Path, detectors: tuple[Path, Path]):
    (detectors[0] / "predictions" / "test.jsonl").unlink()
    with pytest.raises(InputError, match=r"has no predictions/test\.jsonl"):
        run(tmp_path, scenes, *detectors)
