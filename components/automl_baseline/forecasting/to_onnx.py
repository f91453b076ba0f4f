"""A forecaster as one ONNX graph, scaling included, and the proof that it forecasts what the forecaster does.

The scaling is written in ONNX's text format, https://onnx.ai/onnx/repo-docs/Syntax.html, statement by statement what
`windows.scale` does.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnx import numpy_helper, parser

from ...data.storage import write_atomically
from ...models.onnx_names import rename
from ..agreement import largest_accepted
from ..tabular.tree_ensemble import append_trees
from .forecasters import GRID, BoostedTrees, Forecaster
from .windows import Framing, scale

_MISSING_SHARE = 0.2

# Types by number (TensorProto.DataType): 1 float, 7 int64, 11 double.
_SCALING = """
<ir_version: 10, opset_import: ["" : 18]>
forecast ({inputs}) => (float[N, columns] columns) {{
    exact = Cast <to = 11> (past)
    first = Slice (exact, from, until, axis)
    earlier = Pad (first, padding, nothing)
    is_absent = IsNaN (exact)
    filled = Where (is_absent, earlier, exact)
    is_missing = IsNaN (filled)
    is_present = Not (is_missing)
    ones = Cast <to = 11> (is_present)
    count = ReduceSum <keepdims = 1> (ones, axis)
    divisor = Max (count, one)
    values = Where (is_missing, zero, filled)
    total = ReduceSum <keepdims = 1> (values, axis)
    mean = Div (total, divisor)
    is_known = Greater (count, zero)
    level = Where (is_known, mean, training_mean)
    differences = Sub (filled, level)
    centred = Where (is_missing, zero, differences)
    squares = Mul (centred, centred)
    sum_of_squares = ReduceSum <keepdims = 1> (squares, axis)
    variance = Div (sum_of_squares, divisor)
    spread = Sqrt (variance)
    is_varied = Greater (spread, zero)
    unit = Where (is_varied, spread, one)
    scaled = Div (centred, unit)
    step_column = Cast <to = 7> (step)
    steps = Squeeze (step_column, axis)
    place = Sub (steps, one_step)
    {model}
}}
"""
_LINEAR = """
    window_and_calendar = Concat <axis = 1> (scaled{calendar})
    own_weights = Gather <axis = 0> (weights, place)
    products = Mul (window_and_calendar, own_weights)
    weighted = ReduceSum <keepdims = 1> (products, axis)
    own_bias = Gather <axis = 0> (bias, place)
    exact_columns = Add (weighted, own_bias)
    columns = Cast <to = 1> (exact_columns)
"""
_TREES = """
    own_places = Gather <axis = 0> (same_season, place)
    same_places = GatherElements <axis = 1> (scaled, own_places)
    means = MatMul (scaled, season_means)
    recent = Slice (scaled, from_recent, until_recent, axis)
    exact_step = Cast <to = 11> (step)
    exact_columns = Concat <axis = 1> (same_places, means, recent{calendar}, exact_step)
    on_grid = Div (exact_columns, grid)
    places_on_grid = Round (on_grid)
    rounded = Mul (places_on_grid, grid)
    columns = Cast <to = 1> (rounded)
"""
_UNSCALING = """
<ir_version: 10, opset_import: ["" : 18]>
unscale (float[N, 1] answer, double[N, 1] level, double[N, 1] spread) => (float[N, 1] value) {
    exact_answer = Cast <to = 11> (answer)
    off_level = Mul (spread, exact_answer)
    exact_value = Add (level, off_level)
    value = Cast <to = 1> (exact_value)
}
"""


def export(forecaster: Forecaster, output: Path) -> None:
    """Writes a forecaster as ONNX.

    The graph has the inputs that `series_windows` describes, and one output: float32 `value` [N, 1].

    Args:
        forecaster: fitted.
        output: the file to write.
    """
    framing, model = forecaster.framing, forecaster.model
    if isinstance(model, BoostedTrees):
        graph = _scaled(framing, _TREES, _tree_constants(framing))
        append_trees(graph, model.estimator)
    else:
        graph = _scaled(framing, _LINEAR, {"weights": model.weights, "bias": model.bias})
    unscaling = parser.parse_model(_UNSCALING).graph
    rename(unscaling, {"answer": graph.graph.output[0].name})
    graph.graph.node.extend(unscaling.node)
    del graph.graph.output[:]
    graph.graph.output.extend(unscaling.output)
    onnx.checker.check_model(graph, full_check=True)
    with write_atomically(output) as file:
        onnx.save(graph, file)


def prove(
    forecaster: Forecaster, file: Path, inputs: Mapping[str, NDArray[np.float32]], identities: Sequence[str]
) -> float:
    """Compares an exported graph with its forecaster on real rows, and on the same with a fifth of the past missing.

    Args:
        forecaster: that was exported.
        file: of the graph.
        inputs: of N rows.
        identities: names of the rows.

    Returns:
        The largest difference, as a share of the window's level and spread.

    Raises:
        FinalError: some rows differ by more than `agreement.TOLERANCE`; the sentence names them.
    """
    both = {name: np.concatenate([values, values]) for name, values in inputs.items()}
    is_hole = np.random.default_rng(0).random(inputs["past"].shape) < _MISSING_SHARE
    both["past"][len(is_hole) :][is_hole] = np.nan
    windows = scale(both, forecaster.framing)
    size = np.abs(windows.level) + windows.spread
    session = ort.InferenceSession(file, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, both)
    differences = np.abs(np.asarray(found)[:, 0] - forecaster.unscaled(windows)) / np.where(size > 0, size, 1)[:, 0]
    return largest_accepted(differences, [*identities, *(f"{each} (values missing)" for each in identities)])


def _scaled(framing: Framing, model: str, constants: Mapping[str, NDArray[np.generic]]) -> onnx.ModelProto:
    """The graph up to a linear model's answers, or to the columns of trees."""
    described, season = framing.described, framing.season
    context, calendar = described["context"], described["columns"]
    inputs = [f"float[N, {context}] past", "float[N, 1] step", *(f"float[N, 1] {name}" for name in calendar)]
    casts = "".join(f"exact_{name} = Cast <to = 11> ({name})\n" for name in calendar)
    text = casts + model.format(calendar="".join(f", exact_{name}" for name in calendar))
    graph = parser.parse_model(_SCALING.format(inputs=", ".join(inputs), model=text))
    places = {"from": [0], "until": [context - season], "axis": [1], "padding": [0, season, 0, 0], "one_step": [1]}
    numbers = {"nothing": np.nan, "zero": 0.0, "one": 1.0, "training_mean": framing.mean}
    constants = {
        **{name: np.array(value, np.int64) for name, value in places.items()},
        **{name: np.array(value) for name, value in numbers.items()},
        **constants,
    }
    graph.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in constants.items())
    return graph


def _tree_constants(framing: Framing) -> dict[str, NDArray[np.generic]]:
    context = framing.described["context"]
    return {
        "same_season": framing.same_season,
        "season_means": framing.season_means,
        "from_recent": np.array([context - framing.recent]),
        "until_recent": np.array([context]),
        "grid": np.array(GRID),
    }
