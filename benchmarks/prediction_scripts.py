"""What a team would write to predict a folder of JPEG files with TensorFlow, or with onnxruntime and nothing around it.

    python -m benchmarks.prediction_scripts {one,batch,bare} MODEL FOLDER OUTPUT

`one` takes a picture at a time and `batch` 32 through tf.data, both from the SavedModel of a model folder and with as
many threads as TensorFlow takes by itself. `bare` is decoding and the ONNX graph alone, on one thread in a process per
core: what no way to predict can be cheaper than. The answers are JSON lines, a file's name and the model's tensors.
"""

import json
import multiprocessing
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

BATCH = 32


def one(model: Path, files: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """A picture at a time."""
    tf, predict = _tensorflow(model)
    for file in files:
        image = tf.io.decode_jpeg(tf.io.read_file(file), channels=3, dct_method="INTEGER_ACCURATE")
        yield file, {name: value.numpy()[0].tolist() for name, value in predict(image[None]).items()}


def batch(model: Path, files: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """32 pictures at a time, read and decoded ahead by tf.data; all have to be of one size."""
    tf, predict = _tensorflow(model)

    def read(file: Any) -> Any:
        return file, tf.io.decode_jpeg(tf.io.read_file(file), channels=3, dct_method="INTEGER_ACCURATE")

    data = tf.data.Dataset.from_tensor_slices(files).map(read, num_parallel_calls=tf.data.AUTOTUNE)
    for names, images in data.batch(BATCH).prefetch(tf.data.AUTOTUNE):
        answers = {name: value.numpy() for name, value in predict(images).items()}
        for place, name in enumerate(names.numpy()):
            yield name.decode(), {key: value[place].tolist() for key, value in answers.items()}


def bare(model: Path, files: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Decoding and inference only, on one thread in a process per core; nothing is said of the answers."""
    cores = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(cores, multiprocessing.get_context("spawn")) as pool:
        for done in [pool.submit(_bare, model, files[core::cores]) for core in range(cores)]:
            done.result()
    yield from ()


def _bare(model: Path, files: list[str]) -> None:
    import onnxruntime as ort

    from graduate.components.prediction.decode import decode

    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = ort.InferenceSession(model / "model.onnx", options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    for file in files:
        session.run(None, {name: decode(Path(file).read_bytes())[None]})


def _tensorflow(model: Path) -> tuple[Any, Any]:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    # The model has to be kept, or its variables go.
    loaded = tf.saved_model.load(str(model / "saved_model"))
    signature = loaded.signatures["serving_default"]
    return tf, lambda images, kept=loaded: signature(images)


def main() -> None:
    """Predicts and writes."""
    way, model, folder, output = sys.argv[1:]
    files = sorted(str(file) for file in Path(folder).iterdir())
    with Path(output).open("w", encoding="utf-8") as lines:
        for file, answer in {"one": one, "batch": batch, "bare": bare}[way](Path(model), files):
            lines.write(json.dumps({"file": file, **answer}) + "\n")


if __name__ == "__main__":
    main()
