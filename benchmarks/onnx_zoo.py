"""What `onnx_convert` proves and what it refuses: the families of keras.applications, our own models, and odd layers.

    python -m benchmarks.onnx_zoo --only resnet lstm

A process of its own saves the models. Each is converted by the real command, and what that calls proven is compared
once more, on inputs that the proof has not seen and by a comparison that it does not share.
"""

import argparse
import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graduate.components.errors import FinalError
from graduate.components.onnx_convert.convert import convert
from graduate.components.onnx_convert.onnx_file import OnnxFile
from graduate.components.onnx_convert.saved_model import SavedModel
from graduate.components.onnx_convert.tensors import Tensors, TensorSpec

FAMILY, OURS, LAYER, NOT_IN_ONNX = "keras.applications", "ours", "layers", "to be refused"
# Share of the outputs' range by which a conversion may differ here and still be right.
TOLERANCE = 5e-3


class Row(NamedTuple):
    """What became of a model.

    Attributes:
        name: of the model.
        kind: one of the four above.
        parameters: number of weights.
        verdict: `proven`, `refused`, or `WRONG` for one that passed and should not have.
        difference: the largest that the proof found.
        independent: the largest that was found here, as a share of the outputs' range.
        seconds: of the conversion with its proof.
        sentence: why it was refused.
    """

    name: str
    kind: str
    parameters: int
    verdict: str
    difference: float
    independent: float
    seconds: float
    sentence: str


def zoo() -> dict[str, tuple[str, Callable[[Path], int]]]:
    """Of each model its kind, and a function that saves it in a folder and returns its number of parameters."""
    from benchmarks import onnx_zoo_layers as odd
    from benchmarks import onnx_zoo_models as models

    def save(build: Callable[[], Any], folder: Path) -> int:
        model = build()
        if isinstance(model, models.Served):
            model.save(folder)
            return 0
        model.export(str(folder), verbose=False)
        return model.count_params()

    return {
        **{module: (FAMILY, partial(models.save_application, module)) for module in models.FAMILIES},
        **{name: (OURS, partial(models.save_detector, name)) for name in (models.SSDLITE, "fpnlite_compact")},
        "classifier": (OURS, models.save_classifier),
        **{build.__name__: (LAYER, partial(save, build)) for build in odd.CONVERTED},
        **{build.__name__: (NOT_IN_ONNX, partial(save, build)) for build in odd.REFUSED},
    }


def run(names: Sequence[str], output: Path) -> Iterator[Row]:
    """Saves and converts models; each one's folders are taken away behind it.

    Args:
        names: of `zoo`; all of it where empty.
        output: folder to work in.
    """
    kinds = {name: kind for name, (kind, _) in zoo().items() if not names or name in names}
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as other:
        for name, kind in kinds.items():
            folder = output / name
            parameters = other.submit(_save, name, folder / "saved_model").result()
            yield _judge(name, kind, parameters, folder)
            shutil.rmtree(folder)


def _save(name: str, folder: Path) -> int:
    import keras

    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    return zoo()[name][1](folder)


def _judge(name: str, kind: str, parameters: int, folder: Path) -> Row:
    start = time.monotonic()
    try:
        proof = convert(saved_model=folder / "saved_model", output=folder / "onnx")
    except FinalError as error:
        sentence = " ".join(str(error).replace(f"{folder}/", "").split())
        return Row(name, kind, parameters, "refused", np.nan, np.nan, time.monotonic() - start, sentence)
    seconds = time.monotonic() - start
    difference = independent_difference(folder / "saved_model", folder / "onnx" / "model.onnx")
    verdict = "proven" if difference <= TOLERANCE else "WRONG"
    return Row(name, kind, parameters, verdict, proof["max_abs_difference"], difference, seconds, "")


def independent_difference(saved_model: Path, onnx: Path) -> float:
    """The largest difference on fresh inputs, as a share of the outputs' range; infinite where they do not compare."""
    source, found = SavedModel(saved_model), OnnxFile(onnx, threads=1)
    rng = np.random.default_rng(2026)
    worst = 0.0
    for count in (5, 1, 3):
        inputs = {spec.name: _fresh(spec, count, rng) for spec in source.signature.inputs}
        worst = max(worst, _difference(source(inputs), found(inputs)))
    return worst


def _fresh(spec: TensorSpec, count: int, rng: np.random.Generator) -> NDArray[Any]:
    """Random values: pictures as coarse blocks of colour, so that filters find edges in them."""
    assert spec.shape is not None
    free = (count, 43, 46, 3)
    shape = tuple(free[axis] if size is None else size for axis, size in enumerate(spec.shape))
    if spec.dtype == "string":
        return rng.choice(np.array(["Oslo", "Rome", "Bonn", "Kyiv", ""], object), shape)
    if len(shape) == 4:
        blocks = rng.integers(0, 256, (shape[0], -(-shape[1] // 8), -(-shape[2] // 8), shape[3]))
        return blocks.repeat(8, 1).repeat(8, 2)[:, : shape[1], : shape[2]].astype(spec.dtype)
    values = rng.normal(20, 30, shape) if len(shape) == 2 else rng.normal(0, 1, shape)
    return np.abs(values).astype(spec.dtype) if spec.name == "tokens" else values.astype(spec.dtype)


def _difference(expected: Tensors, found: Tensors) -> float:
    if any(name not in found or found[name].shape != value.shape for name, value in expected.items()):
        return np.inf
    if "detection_scores" in expected:
        expected, found = _in_order(expected), _in_order(found)
    return max(_share(value, found[name]) for name, value in expected.items())


def _in_order(detections: Tensors) -> Tensors:
    """Each picture's values sorted: boxes of near-equal scores swap places."""
    return {name: np.sort(value, 1) if value.ndim > 1 else value for name, value in detections.items()}


def _share(expected: NDArray[Any], found: NDArray[Any]) -> float:
    if expected.dtype == object:
        return 0.0 if (expected == found).all() else np.inf
    if not np.array_equal(np.isnan(expected), np.isnan(found)):
        return np.inf
    before, after = np.nan_to_num(expected.astype(np.float64)), np.nan_to_num(found.astype(np.float64))
    return float(np.abs(before - after).max(initial=0) / max(np.ptp(before), 1e-3))


def main() -> None:
    """Prints a row of each model as it is done, and the table for the documentation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[], choices=sorted(zoo()), metavar="NAME")
    parser.add_argument("--output", type=Path, help="folder to work in, a temporary one by default")
    options = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for row in run(options.only, options.output or Path(scratch)):
            print(*row, sep="  ", flush=True)
            rows.append(row)
    _print_table(rows)


def _print_table(rows: Sequence[Row]) -> None:
    print("", "| model | kind | parameters | verdict | difference | seconds |", "| --- " * 6 + "|", sep="\n")
    for row in rows:
        difference = f"{row.difference:.1e}" if row.verdict != "refused" else ""
        verdict = f"refused: {row.sentence}" if row.sentence else row.verdict
        print(f"| {row.name} | {row.kind} | {row.parameters:,} | {verdict} | {difference} | {row.seconds:.0f} |")
    for kind in (FAMILY, OURS, LAYER, NOT_IN_ONNX):
        verdicts = [row.verdict for row in rows if row.kind == kind]
        if verdicts:
            counts = ", ".join(f"{verdicts.count(each)} {each}" for each in ("proven", "refused", "WRONG"))
            print(f"\n{kind}: {counts} of {len(verdicts)}")


if __name__ == "__main__":
    main()
