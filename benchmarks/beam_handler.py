"""Our handler in Beam's RunInference beside Beam's own one for ONNX: JPEG files in, predictions as JSON lines out.

    python -m benchmarks.beam_handler converted/ --images 1200

`converted/` is the model folder of a classifier. The sides take turns, each time in a new process and with the same
options of the runner, first with one worker (Beam's own choice) and then with one per core. What is measured is the
pipeline with the loading of the model, without imports: of few pictures that start is a large part.

Beam's side is what its documentation leads to (https://beam.apache.org/documentation/ml/inference-overview/): Pillow
decodes in a step of its own, and the handler chooses the size of its batches and the threads of its session by itself.
It stacks the images of a batch, so all have to be of one size; here they are.
"""

import argparse
import json
import multiprocessing
import os
import statistics
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.gate_images import photograph
from benchmarks.memory import peak_mib
from graduate.components.models.folder import ModelFolder

_SIZE = (500, 375)
_CHUNK = 32  # as `batch_predict` has them
_SIDES = {"stock": "Beam's OnnxModelHandlerNumpy", "ours": "graduate's ChunkHandler"}


class Cost(NamedTuple):
    """Of one run of a side, in seconds and MiB."""

    cpu: float
    wall: float
    peak_mib: float


def main() -> None:
    """Makes the pictures, runs the sides in turns, compares their answers, and prints the table."""
    options = _options()
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as room:
        files = _pictures(Path(room), options.images)
        print("", f"{len(files):,} JPEG files of {_SIZE[0]} x {_SIZE[1]}", "", sep="\n")
        print("| | workers | CPU per picture | wall per picture | peak memory |", "| --- " * 5 + "|", sep="\n")
        for workers in sorted({1, len(os.sched_getaffinity(0))}):
            costs: dict[str, list[Cost]] = {side: [] for side in _SIDES}
            for turn in range(options.repeats):
                for side in _SIDES if turn % 2 == 0 else reversed(_SIDES):
                    with ProcessPoolExecutor(1, context) as pool:
                        run = pool.submit(_run, side, options.model, files, workers, Path(room) / side)
                        costs[side].append(run.result())
            _print(costs, workers, len(files))
        print("", _compare(Path(room) / "stock", Path(room) / "ours"), sep="\n")


def _run(side: str, model: Path, files: list[str], workers: int, output: Path) -> Cost:
    """Runs the pipeline of a side in this process."""
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions

    from graduate.components.batch_predict.beam.settings import BeamSettings

    steps = {"stock": _stock, "ours": _ours}[side](model, files)
    # The runner on this machine, and its threads.
    options = PipelineOptions([], **BeamSettings(workers=workers).options(""))
    wall, cpu = time.perf_counter(), time.process_time()
    with beam.Pipeline(options=options) as pipeline:
        _ = pipeline | steps | beam.io.WriteToText(str(output), shard_name_template="")
    return Cost(time.process_time() - cpu, time.perf_counter() - wall, peak_mib())


def _stock(model: Path, files: list[str]) -> Any:
    import apache_beam as beam
    from apache_beam.ml.inference.base import KeyedModelHandler, PredictionResult, RunInference
    from apache_beam.ml.inference.onnx_inference import OnnxModelHandlerNumpy

    folder = ModelFolder.open(model)

    def decode(file: str) -> tuple[str, NDArray[np.uint8]]:
        return file, np.asarray(Image.open(file).convert("RGB"))

    def say(answer: tuple[str, PredictionResult]) -> str:
        order = np.argsort(-answer[1].inference)
        names = [folder.labels[place] for place in order]
        confidences = answer[1].inference[order].tolist()
        return json.dumps({"key": answer[0], "prediction": {"displayNames": names, "confidences": confidences}})

    return (
        beam.Create(files)
        | beam.Reshuffle()
        | beam.Map(decode)
        | RunInference(KeyedModelHandler(OnnxModelHandlerNumpy(str(folder.onnx))))
        | beam.Map(say)
    )


def _ours(model: Path, files: list[str]) -> Any:
    import apache_beam as beam
    import orjson
    from apache_beam.ml.inference.base import RunInference

    from graduate.components.batch_predict.beam.handler import ChunkHandler
    from graduate.components.batch_predict.records import Record
    from graduate.components.prediction.reading import Reading

    records = [Record(file, file, "file", uri=file) for file in files]
    chunks = [records[start : start + _CHUNK] for start in range(0, len(records), _CHUNK)]
    return (
        beam.Create(chunks)
        | beam.Reshuffle()
        | RunInference(ChunkHandler(str(model), Reading()))
        | beam.FlatMap(lambda lines: [orjson.dumps(line).decode() for line in lines])
    )


def _print(costs: dict[str, list[Cost]], workers: int, images: int) -> None:
    median = {side: Cost(*map(statistics.median, zip(*runs, strict=True))) for side, runs in costs.items()}
    for side, cost in median.items():
        cells = [f"{1e3 * seconds / images:.2f} ms" for seconds in (cost.cpu, cost.wall)]
        print(f"| {_SIDES[side]} | {workers} | {' | '.join(cells)} | {cost.peak_mib:,.0f} MiB |")
    less = [f"{getattr(median['stock'], name) / getattr(median['ours'], name):.2f} x" for name in Cost._fields]
    print(f"| times less | {workers} | {' | '.join(less)} |", flush=True)


def _compare(stock: Path, ours: Path) -> str:
    """How far the answers are from each other, in a sentence."""
    one, other = ({line["key"]: line["prediction"] for line in _lines(file)} for file in (stock, ours))
    if one.keys() != other.keys():
        raise SystemExit("the sides did not answer the same pictures")
    others = sum(one[key]["displayNames"][0] != other[key]["displayNames"][0] for key in one)
    largest = max(float(np.abs(np.subtract(one[key]["confidences"], other[key]["confidences"])).max()) for key in one)
    return f"{len(one):,} answers compared: {others:,} first labels differ, and confidences by {largest:.2g} at most."


def _lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def _pictures(folder: Path, count: int) -> list[str]:
    rng = np.random.default_rng(0)
    files = [folder / f"{place:05d}.jpg" for place in range(count)]
    for file in files:
        photograph(rng).resize(_SIZE, Image.Resampling.BILINEAR).save(file, quality=90)
    return list(map(str, files))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="model folder with model.onnx")
    parser.add_argument("--images", type=int, default=1200)
    parser.add_argument("--repeats", type=int, default=3)
    return parser.parse_args()


if __name__ == "__main__":
    main()
