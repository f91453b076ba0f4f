"""Latency of one picture: the SavedModel of a model folder beside its conversions, in turns.

    python -m benchmarks.onnx_latency trained/ converted/ converted-int8/ --image-size 500x375

`trained/` has a saved_model/, the others are what `onnx_convert` made of it. Preprocessing and, of detectors,
non-maximum suppression are inside on all sides. First each float32 file has to answer pictures as TensorFlow does. Then
all answer one picture at a time, as many threads as they take by themselves, and after that with one thread.
"""

import argparse
import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import onnx
from PIL import Image

from benchmarks.gate_images import photograph
from graduate.components.models.folder import ModelFolder
from graduate.components.onnx_convert.onnx_file import OnnxFile
from graduate.components.onnx_convert.proof.prove import prove
from graduate.components.onnx_convert.smaller.timing import side_by_side
from graduate.components.onnx_convert.tensors import Tensors

_PICTURES = 4  # that the answers are compared on
_TENSORFLOW = "TensorFlow SavedModel"


def main() -> None:
    """Compares the answers, takes the times, and prints the table."""
    options = _options()
    source = ModelFolder.open(options.trained)
    files = [ModelFolder.open(folder).onnx for folder in options.converted]
    pictures = _pictures(source, options.image_size)
    for file in files:
        if _precision(file) == "fp32":
            _check(source, file, pictures)
    sides = {f"ONNX {_precision(file)}, {file.parent.name}": file for file in files}
    times, context = {}, multiprocessing.get_context("spawn")
    for threads, named in ((0, "default threads"), (1, "one thread")):
        # TensorFlow's threads are set once in the life of a process.
        with ProcessPoolExecutor(1, context) as pool:
            times[named] = pool.submit(_times, source, sides, pictures[0], threads, options.seconds).result()
    _print(times, {_TENSORFLOW: source.saved_model, **sides}, options.image_size)


def _times(
    source: ModelFolder, sides: dict[str, Path], picture: Tensors, threads: int, seconds: float
) -> dict[str, float]:
    """Seconds of a call of each side, in a process of its own."""
    import tensorflow as tf

    from graduate.components.onnx_convert.saved_model import SavedModel

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    models: dict[str, Callable[[Tensors], Tensors]] = {_TENSORFLOW: SavedModel(source.saved_model)}
    models |= {name: OnnxFile(file, threads) for name, file in sides.items()}
    return side_by_side({name: lambda model=model: model(picture) for name, model in models.items()}, seconds)


def _check(source: ModelFolder, file: Path, pictures: list[Tensors]) -> None:
    """Ends the program where a file answers otherwise than TensorFlow."""
    from graduate.components.onnx_convert.saved_model import SavedModel

    proof = prove(SavedModel(source.saved_model), file, pictures)
    if not proof.proven:
        raise SystemExit(f"{file} does not compute what {source.saved_model} computes: {proof.reason}")


def _pictures(source: ModelFolder, size: tuple[int, int]) -> list[Tensors]:
    if source.input["kind"] != "image":
        raise SystemExit(f"{source.path} is a model of tables: give one of images")
    rng, name = np.random.default_rng(0), source.input["name"]
    made = [photograph(rng).resize(size, Image.Resampling.BILINEAR) for _ in range(_PICTURES)]
    return [{name: np.asarray(picture)[None]} for picture in made]


def _precision(file: Path) -> str:
    return {each.key: each.value for each in onnx.load(file).metadata_props}.get("precision", "fp32")


def _print(times: dict[str, dict[str, float]], paths: dict[str, Path], size: tuple[int, int]) -> None:
    headings = [f"ms, {named} | of TensorFlow's" for named in times]
    print("", f"One picture of {size[0]} x {size[1]} pixels", "", f"| | MB | {' | '.join(headings)} |", sep="\n")
    print("| --- " * (2 + 2 * len(times)) + "|")
    for name, path in paths.items():
        files = [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path]
        size_mb = sum(each.stat().st_size for each in files) / 1e6
        cells = [f"{1e3 * taken[name]:.1f} | {taken[name] / taken[_TENSORFLOW]:.2f}" for taken in times.values()]
        print(f"| {name} | {size_mb:.1f} | {' | '.join(cells)} |")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trained", type=Path, help="model folder with saved_model/")
    parser.add_argument("converted", type=Path, nargs="+", help="model folders with model.onnx")
    parser.add_argument("--image-size", type=_size, default=(500, 375), metavar="WIDTHxHEIGHT")
    parser.add_argument("--seconds", type=float, default=6.0, help="for each number of threads")
    return parser.parse_args()


def _size(text: str) -> tuple[int, int]:
    width, height = map(int, text.split("x"))
    return width, height


if __name__ == "__main__":
    main()
