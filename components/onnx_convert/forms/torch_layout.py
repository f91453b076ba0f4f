"""What a variable is in PyTorch, by the operation that takes it.

Layouts: https://docs.pytorch.org/docs/stable/nn.html and https://www.tensorflow.org/api_docs/python/tf/raw_ops.
"""

from dataclasses import dataclass, replace

from .flat_graph import FlatGraph, Node, User


@dataclass(frozen=True)
class Role:
    """What a variable is.

    Attributes:
        operation: TensorFlow's operation that takes it, or `Normalization`; several where they differ.
        parameter: PyTorch's name of it in its module; "" where there is no counterpart.
        permutation: of the axes, from TensorFlow's to PyTorch's; None where the layout is the same.
        merges: whether the first two axes then are one, as in depthwise convolutions, with an axis of 1 after it.
        epsilon: of a normalisation, where it is found.
    """

    operation: str
    parameter: str = ""
    permutation: tuple[int, ...] | None = None
    merges: bool = False
    epsilon: float | None = None


# The input that is the kernel, [..., in, out]: PyTorch has [out, in, ...], and of transposed convolutions, whose
# kernel TensorFlow has as [..., out, in], it has [in, out, ...].
_KERNELS = {"Conv2D": 1, "Conv3D": 1, "Conv2DBackpropInput": 1, "Conv3DBackpropInputV2": 1}
_DEPTHWISE = "DepthwiseConv2dNative"
_FUSED_NORMS = ("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3")
_FUSED_NORM_INPUTS = {1: "weight", 2: "bias", 3: "running_mean", 4: "running_var"}
_NORM = "Normalization"


def role_of(graph: FlatGraph, argument: str, rank: int) -> Role:
    """What a variable is.

    Args:
        graph: of the function that reads it.
        argument: by which the function gets it.
        rank: of the variable.
    """
    roles = {_role(graph, user, rank) for user in graph.users(argument)}
    epsilons = {role.epsilon for role in roles if role.epsilon is not None}
    without = {replace(role, operation="", epsilon=None) for role in roles}
    operation = ", ".join(sorted({role.operation for role in roles}))
    if len(without) != 1:
        return Role(operation)
    return replace(without.pop(), operation=operation, epsilon=epsilons.pop() if len(epsilons) == 1 else None)


def _role(graph: FlatGraph, user: User, rank: int) -> Role:
    node, place = user.node, user.place
    swapped = (rank - 1, rank - 2, *range(rank - 2))
    if _KERNELS.get(node.op) == place and rank >= 3:
        return Role(node.op, "weight", swapped)
    if node.op == _DEPTHWISE and place == 1 and rank >= 3:
        return Role(node.op, "weight", (rank - 2, rank - 1, *range(rank - 2)), merges=True)
    if node.op in ("MatMul", "BatchMatMulV2") and rank == 2:
        turned = node.flag(("transpose_a", "transpose_b")[place]) or node.flag(("adj_x", "adj_y")[place])
        # From the right [in, out], from the left [out, in].
        return Role(node.op, "weight", (1, 0) if turned != (place == 1) else None)
    if node.op in ("ResourceGather", "GatherV2") and place == 0 and rank == 2:
        return Role(node.op, "weight")
    if node.op in _FUSED_NORMS and place in _FUSED_NORM_INPUTS:
        return Role(_NORM, _FUSED_NORM_INPUTS[place], epsilon=node.definition.attr["epsilon"].f)
    if rank == 1:
        return _norm_role(graph, user) or Role(node.op, "bias" if node.op in ("BiasAdd", "AddV2", "Add") else "")
    return Role(node.op)


def _norm_role(graph: FlatGraph, user: User) -> Role | None:
    """Of a normalisation that is written out: x * (rsqrt(variance + epsilon) * gamma) + (beta - mean * ...)."""
    node, place = user.node, user.place
    after = list(graph.users(node.name))
    if node.op == "AddV2" and any(each.node.op == "Rsqrt" for each in after):
        return Role(_NORM, "running_var", epsilon=_number(graph, node.inputs[1 - place]))
    if node.op == "Neg" and any(_is_scaled(graph, each.node, each.place) for each in after):
        return Role(_NORM, "running_mean")
    if node.op == "Sub" and place == 0:
        product = graph.maker(node.inputs[1])
        is_norm = product and any(_is_scaled(graph, product, each) for each in range(len(product.inputs)))
        return Role(_NORM, "bias") if is_norm else None
    if not _is_scaled(graph, node, place):
        return None
    if any(each.node.op == "Sub" and each.place == 1 for each in after):
        return Role(_NORM, "running_mean")
    root = graph.maker(node.inputs[1 - place])
    return Role(_NORM, "weight", epsilon=_epsilon(graph, root)) if root and root.op == "Rsqrt" else None


def _is_scaled(graph: FlatGraph, node: Node, place: int) -> bool:
    """Whether an input of a node is multiplied by 1 / deviation, or by that times gamma."""
    other = graph.maker(node.inputs[1 - place]) if node.op == "Mul" else None
    if other is None or other.op != "Mul":
        return other is not None and other.op == "Rsqrt"
    return any((made := graph.maker(each)) is not None and made.op == "Rsqrt" for each in other.inputs)


def _epsilon(graph: FlatGraph, root: Node) -> float | None:
    """Of rsqrt(variance + epsilon)."""
    added = graph.maker(root.inputs[0])
    numbers = [_number(graph, each) for each in added.inputs] if added and added.op == "AddV2" else []
    return next((each for each in numbers if each is not None), None)


def _number(graph: FlatGraph, tensor: str) -> float | None:
    node = graph.maker(tensor)
    return node.number() if node else None
