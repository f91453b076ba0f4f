"""Fits the tensors of a checkpoint to an architecture: by the names of Keras layers, or by their order and shapes."""

import re
from collections.abc import Sequence

import keras
import numpy as np

from ...errors import InputError
from ..architectures import ARCHITECTURES, KNOWN, Architecture
from .bundle import Tensor
from .weights import NORM, Weight, Weights, complete_norms, first_names, place

# Keras 2 had a name of its own for the kernel of a depthwise convolution.
_VARIABLES = {"kernel": "kernel", "depthwise_kernel": "kernel", "bias": "bias"} | {name: name for name in NORM}
# Keras counts the layers without a name as they are built, so that such a name says nothing.
_COUNTED = re.compile(r"(conv2d|depthwise_conv2d|batch_normalization|dense)(_\d+)?")
_OBJECT_KEY = re.compile(r"(.*?)(\d+)/_?(\w+)/\.ATTRIBUTES/VARIABLE_VALUE")

# The variables of one layer, by their name in it.
Layer = dict[str, Weight]


def fit(named: Weights, runs: Sequence[Sequence[Layer]], location: str) -> tuple[Architecture, Weights]:
    """The architecture that tensors are of, and all of its weights among them.

    Args:
        named: those that have the name of a Keras variable, such as `Conv1/kernel`.
        runs: layers one after another, as they are in the network: where names say nothing, their shapes do.
        location: of the checkpoint, for messages.

    Raises:
        InputError: nothing fits, or something fits in more than one way.
    """
    nearest = (0, "none of it fits one")
    for architecture in ARCHITECTURES:
        network = architecture.build(None)
        misfits = [text for variable in network.weights if (text := _misfit(named, variable))]
        if not misfits:
            return architecture, named
        found = _distinct([weights for run in runs for weights in _in_order(run, network)])
        if len(found) > 1:
            raise InputError(
                f"the checkpoint {location} has {len(found)} parts that could be the backbone {architecture.name}: "
                "give one that holds the backbone once"
            )
        if found:
            return architecture, complete_norms({**named, **found[0]})
        count = len(network.weights) - len(misfits)
        said = f"of {architecture.name} it has {count} of {len(network.weights)} variables: {misfits[0]}"
        nearest = max(nearest, (count, said), key=lambda each: each[0])
    raise InputError(
        f"the checkpoint {location} fits no known backbone: it holds {first_names(named or _sources(runs))}; "
        f"{nearest[1]}; give all the weights of one of {KNOWN}"
    )


def named_weights(tensors: Sequence[Tensor]) -> Weights:
    """Tensors by layer and variable, whatever scopes they are in; a name that two of them have is left out."""
    weights: dict[str, list[Weight]] = {}
    for tensor in tensors:
        *_, layer, variable = ["", *tensor.name.split("/")]
        if layer and variable in _VARIABLES and not _COUNTED.fullmatch(layer):
            weights.setdefault(f"{layer}/{_VARIABLES[variable]}", []).append(Weight(tensor.key, tensor.value))
    return complete_norms(
        {path: found[0] for path, found in weights.items() if len(_distinct([{path: each} for each in found])) == 1}
    )


def numbered_layers(tensors: Sequence[Tensor]) -> list[list[Layer]]:
    """Layers of each network in an object-based checkpoint (`.../layer_with_weights-12/kernel/...`), in their order."""
    networks: dict[str, dict[int, Layer]] = {}
    for tensor in tensors:
        found = _OBJECT_KEY.fullmatch(tensor.key)
        if found and found[3] in _VARIABLES:
            layer = networks.setdefault(found[1], {}).setdefault(int(found[2]), {})
            layer[_VARIABLES[found[3]]] = Weight(tensor.key, tensor.value)
    return [[layers[number] for number in sorted(layers)] for layers in networks.values()]


def _in_order(run: Sequence[Layer], network: keras.Model) -> list[Weights]:
    """Every place of a run at which the layers of a network fit, one after another."""
    expected = [layer for layer in network.layers if layer.weights]
    starts = range(len(run) - len(expected) + 1)
    fits = (list(zip(expected, run[start : start + len(expected)], strict=True)) for start in starts)
    return [
        {f"{layer.name}/{name}": weight for layer, found in pairs for name, weight in found.items()}
        for pairs in fits
        if all(_matches(layer, found) for layer, found in pairs)
    ]


def _distinct(found: list[Weights]) -> list[Weights]:
    """Those that are not the same as one before: a graph may hold a function twice."""
    distinct: list[Weights] = []
    for weights in found:
        if not any(_same(weights, other) for other in distinct):
            distinct.append(weights)
    return distinct


def _same(one: Weights, other: Weights) -> bool:
    return all(np.array_equal(weight.value, other[path].value) for path, weight in one.items())


def _matches(layer: keras.Layer, found: Layer) -> bool:
    shapes = {variable.name: tuple(variable.shape) for variable in layer.weights}
    absent = shapes.keys() - found.keys()
    # Of a folded batch norm only the offset is left.
    complete = not absent or ("beta" in found and absent <= set(NORM))
    return complete and all(shapes.get(name) == weight.value.shape for name, weight in found.items())


def _misfit(named: Weights, variable: keras.Variable) -> str | None:
    """Why a variable has no value among weights; None if it has one."""
    weight = named.get(place(variable.path))
    if weight is None:
        return f"{variable.path} is missing"
    if weight.value.shape != tuple(variable.shape):
        return f"{variable.path} is {list(weight.value.shape)}, not {list(variable.shape)}"
    return None


def _sources(runs: Sequence[Sequence[Layer]]) -> list[str]:
    return [weight.source for run in runs for layer in run for weight in layer.values()]
