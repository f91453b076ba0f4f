"""Static quantisation to eight bits, by onnxruntime's own tools.

https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html. Activations are uint8, weights int8 with
a scale per channel (U8S8, the fast kind on x86), written as pairs of QuantizeLinear and DequantizeLinear (QDQ).

Weights use seven of their eight bits where that is good enough. Processors of x86 without VNNI add pairs of products
up in 16 bits, which overflow with eight: a file that is proven on a processor with VNNI would then give other answers
there. With seven bits all processors give the same answers; how fast they are differs.
"""

import contextlib
import io
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import onnx
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from ...errors import InputError
from ..tensors import Tensors
from .network import name_nodes, network_of

_PERCENTILE = 99.999
_CALIBRATION = {
    "CalibStridedMinMax": 1,  # one call at a time, of any method: all activations of all calls would fill the memory
    "CalibTensorRangeSymmetric": False,
    "CalibPercentile": _PERCENTILE,
}


@dataclass(frozen=True)
class Recipe:
    """One way to quantise a network.

    Attributes:
        settings: what it does, for people.
        method: how the ranges of the activations are found.
        skips_first, skips_last: whether the first and the last layers stay float32.
        is_portable: whether weights use seven bits, so that no processor overflows.
    """

    settings: str
    method: CalibrationMethod = CalibrationMethod.MinMax
    skips_first: bool = False
    skips_last: bool = False
    is_portable: bool = True


_INNER = f"the first and the last layers stay float32; ranges of the inner {_PERCENTILE} % of the values"

# What the last layers give is what a user sees; the first ones see the whole range of pixels; a range without its
# rarest values is finer for all others.
RECIPES = (
    Recipe("all layers; ranges from the least to the greatest value"),
    Recipe("the last layers stay float32; ranges from the least to the greatest value", skips_last=True),
    Recipe(_INNER, CalibrationMethod.Percentile, skips_first=True, skips_last=True),
    Recipe(
        f"{_INNER}; weights of eight bits, which x86 processors without VNNI may overflow with: serve it on others",
        CalibrationMethod.Percentile,
        skips_first=True,
        skips_last=True,
        is_portable=False,
    ),
)


class Quantiser:
    """Quantises one file, in several ways.

    Attributes:
        recipes: those that leave a layer of it to quantise.
    """

    def __init__(self, source: Path, scratch: Path, calls: Callable[[], Iterator[Tensors]], count: int) -> None:
        """Prepares the file as onnxruntime asks: batch normalisation is folded into the layers, shapes are inferred.

        Args:
            source: the float32 file.
            scratch: a folder for intermediate files.
            calls: gives the inputs to calibrate on, anew each time.
            count: how many they are.

        Raises:
            InputError: the graph has no network.
        """
        self._scratch, self._calls, self._count = scratch, calls, count
        self._prepared = scratch / "prepared.onnx"
        quant_pre_process(str(source), str(self._prepared), skip_symbolic_shape=True)
        model = onnx.load(self._prepared)
        name_nodes(model.graph)
        onnx.save(model, self._prepared)
        self._network = network_of(model.graph)
        self.recipes = [recipe for recipe in RECIPES if self._network.layers.intersection(self._nodes(recipe))]

    def quantise(self, recipe: Recipe, output: Path) -> None:
        """Writes the quantised file.

        Raises:
            InputError: onnxruntime's tools cannot quantise it.
        """
        reader = _Reader(self._calls(), self._count)
        # Two recipes of one method share the ranges.
        ranges = self._scratch / f"{recipe.method.name}.json"
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # a line of the tool's for each item
                quantize_static(
                    str(self._prepared),
                    str(output),
                    reader,
                    quant_format=QuantFormat.QDQ,
                    activation_type=QuantType.QUInt8,
                    weight_type=QuantType.QInt8,
                    per_channel=True,
                    reduce_range=recipe.is_portable,
                    op_types_to_quantize=sorted(self._network.op_types),
                    nodes_to_quantize=self._nodes(recipe),
                    calibrate_method=recipe.method,
                    calibration_cache_path=ranges,
                    extra_options=_CALIBRATION,
                )
        except Exception as error:  # it raises whatever an unforeseen graph leads it to
            raise InputError(f"onnxruntime cannot quantise it: {error}") from error

    def _nodes(self, recipe: Recipe) -> list[str]:
        skipped = {
            *(self._network.first if recipe.skips_first else ()),
            *(self._network.last if recipe.skips_last else ()),
        }
        return [node for node in self._network.nodes if node not in skipped]


class _Reader(CalibrationDataReader):
    """Hands out the calls one by one; the tool asks for one, counts it in, and asks for the next."""

    def __init__(self, calls: Iterator[Tensors], count: int) -> None:
        self._calls, self._count, self._left = calls, count, 0
        self._shown = sys.stdout

    def get_next(self) -> Tensors | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The next call, or None at the end of the range."""
        if not self._left:
            return None
        self._left -= 1
        with contextlib.redirect_stdout(self._shown):  # lines of progress
            return next(self._calls)

    def __len__(self) -> int:
        return self._count

    def set_range(self, start_index: int, end_index: int) -> None:
        """Allows so many more calls: ranges follow one another."""
        self._left = end_index - start_index
