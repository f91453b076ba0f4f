"""PyTorch's names of variables: `module.parameter`, each once."""

from collections import Counter
from collections.abc import Sequence

from .torch_layout import Role


def torch_names(variables: Sequence[str], roles: Sequence[Role]) -> list[str]:
    """A name for each variable.

    `Conv1/kernel` becomes `Conv1.weight`. Where a layer has two weights, as a separable convolution, both keep
    TensorFlow's name: `layer.depthwise_kernel.weight`.

    Args:
        variables: TensorFlow's names, `layer/variable`.
        roles: of each.
    """
    usual = [_name(variable, role.parameter) for variable, role in zip(variables, roles, strict=True)]
    times, taken, names = Counter(usual), Counter[str](), list[str]()
    for name, variable, role in zip(usual, variables, roles, strict=True):
        if times[name] > 1:
            name = ".".join(filter(None, (_dotted(variable), role.parameter)))
        taken[name] += 1
        names.append(name if taken[name] == 1 else f"{name}_{taken[name]}")
    return names


def _name(variable: str, parameter: str) -> str:
    module, _, own = _dotted(variable).rpartition(".")
    return ".".join(filter(None, (module, parameter or own)))


def _dotted(variable: str) -> str:
    return variable.replace("/", ".")
