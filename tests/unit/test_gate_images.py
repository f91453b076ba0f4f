"""Bad images are found beside good ones, what all images share is no fault, and splits that look different drift."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import gate_worlds as worlds
import numpy as np
import pytest
from gate_worlds import CAT, DOG
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter
from sklearn.datasets import load_digits

from benchmarks.gate_images import photograph
from graduate.components.data.items import Item, Task
from graduate.components.data_quality_gate.drift.image_drift import image_drift
from graduate.components.data_quality_gate.findings import Finding
from graduate.components.data_quality_gate.schema.image_properties import measure_images
from graduate.components.data_quality_gate.schema.image_quality import image_quality
from graduate.components.import_dataset import import_images
from graduate.components.import_dataset.read import read_dataset

PHOTOGRAPHS = [photograph(np.random.default_rng(seed)).resize((320, 240)) for seed in range(24)]


def quality(tmp_path: Path, train: Sequence[Item]) -> dict[str, Finding]:
    data = worlds.write_images(
        tmp_path / "data", {"train": train, "validation": [], "test": []}, Task.IMAGE_CLASSIFICATION
    )
    return {found.rule: found for found in image_quality(data, measure_images(data))}


def items(folder: Path, images: Sequence[Image.Image], suffix: str = "jpg") -> list[Item]:
    return [worlds.item(folder, f"{n:03d}.{suffix}", image, labels=["cat"]) for n, image in enumerate(images)]


def test_photographs_have_no_fault(tmp_path):
    assert quality(tmp_path, items(tmp_path, PHOTOGRAPHS)) == {}


SPOILERS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "dark_image": lambda image: ImageEnhance.Brightness(image).enhance(0.15),
    "light_image": lambda image: Image.eval(image, lambda value: 244 + value // 25),
    "blurry_image": lambda image: image.filter(ImageFilter.GaussianBlur(7)),
    "low_information_image": lambda image: Image.new("RGB", image.size, (128, 90, 60)),
    "odd_size_image": lambda image: image.resize((64, 48)),
    "odd_aspect_ratio_image": lambda image: image.resize((560, 110)),
}


@pytest.mark.parametrize(("rule", "suffix"), [*((rule, "jpg") for rule in SPOILERS), ("dark_image", "png")])
def test_a_spoiled_photograph_is_found_with_its_measured_value(tmp_path, rule, suffix):
    images = [SPOILERS[rule](PHOTOGRAPHS[7]) if n == 7 else image for n, image in enumerate(PHOTOGRAPHS)]
    found = quality(tmp_path, items(tmp_path, images, suffix))[rule]
    assert [case.id for case in found.cases] == [f"007.{suffix}"]
    assert any(letter.isdigit() for letter in found.cases[0].detail)


@pytest.mark.parametrize("ground", ["black", "white"])
def test_scanned_digits_are_dark_or_light_by_nature(tmp_path, ground):
    pixels = load_digits(return_X_y=True)[0][:300].reshape(-1, 8, 8) * 255 / 16
    scans = [Image.fromarray((pixel if ground == "black" else 255 - pixel).astype(np.uint8)) for pixel in pixels]
    assert quality(tmp_path, items(tmp_path, [scan.resize((32, 32)) for scan in scans], "png")) == {}


def test_pages_with_little_ink_are_not_overexposed(tmp_path):
    pages = []
    for lines in range(2, 42):
        page = Image.new("L", (300, 420), 255)
        for line in range(lines):
            ImageDraw.Draw(page).rectangle((30, 20 + 9 * line, 260, 23 + 9 * line), fill=0)
        pages.append(page.convert("1"))
    assert "light_image" not in quality(tmp_path, items(tmp_path, pages, "png"))


def test_a_size_a_little_off_is_not_odd(tmp_path):
    images = [image.resize((300, 225)) if n % 5 == 0 else image for n, image in enumerate(PHOTOGRAPHS)]
    assert quality(tmp_path, items(tmp_path, images)) == {}


def test_a_table_has_no_images_to_judge(tmp_path):
    data = worlds.write_table(
        tmp_path, {"train": [(1.0, "a")], "validation": [], "test": []}, Task.TABULAR_CLASSIFICATION
    )
    images = measure_images(data)
    assert [*image_quality(data, images), *image_drift(data, images)] == []


def drifted(tmp_path: Path, change: Callable[[Item], Item]) -> list[Finding]:
    splits = worlds.scenes(tmp_path / "images", train=80)
    more = [worlds.item(tmp_path / "images", f"m{n}.png", worlds.picture(900 + n), boxes=[CAT, DOG]) for n in range(60)]
    splits["test"] = [change(each) for each in splits["test"] + more]
    data = worlds.write_images(tmp_path / "data", splits, Task.OBJECT_DETECTION)
    return list(image_drift(data, measure_images(data)))


def test_splits_of_the_same_kind_do_not_drift(tmp_path):
    assert drifted(tmp_path, lambda item: item) == []


def test_a_darker_test_split_drifts(tmp_path):
    def darker(item: Item) -> Item:
        with Image.open(item.uri) as image:
            dark = ImageEnhance.Brightness(image).enhance(0.6)
        return worlds.item(tmp_path / "dark", item.id, dark, boxes=item.boxes)

    (found,) = drifted(tmp_path, darker)
    assert found.rule == "drift"
    assert any(case.split == "test" and case.detail.startswith("brightness") for case in found.cases)


def test_other_shares_of_labels_drift(tmp_path):
    (found,) = drifted(tmp_path, lambda item: replace(item, boxes=[CAT]))
    assert [(case.split, case.detail.split(":")[0]) for case in found.cases] == [("test", "labels")]


def test_a_file_too_large_for_the_service_is_marked_at_import(tmp_path, monkeypatch):
    folder = tmp_path / "images" / "cat"
    folder.mkdir(parents=True)
    for number in range(2):
        worlds.picture(number).save(folder / f"{number}.png")
    with (folder / "1.png").open("ab") as file:
        file.write(bytes(40_000))
    monkeypatch.setattr(import_images, "_LARGEST_FILE", 35_000)
    summary = read_dataset(source=str(folder.parent), task="image_classification", output=tmp_path / "data")
    assert summary["faults"] == {"large_file": 1}
