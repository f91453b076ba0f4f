"""What there is to say of another form of a model: what was written, and what proves it."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class FormProof:
    """One form, proven or refused.

    Attributes:
        form: its name.
        accepted: whether it was written into the output folder: it is proven, and within the metric budget.
        reason: one sentence: what it was proven by, or why it is refused.
        files: names of its files; none where it could not be made at all.
        bytes: of the files together.
        items: how many inputs it was compared on.
        real_data: whether they are from the dataset's test split; otherwise they were made up.
        differences: largest absolute difference from the source by name of what was compared.
        tolerance: of values near 0, the smallest of all outputs; more is tolerated of larger values, see
            `proof.agreement`. None where the metric alone decides, or bits are compared.
        metric: name of the task metric; "" where it was not measured.
        metric_before: of the source.
        metric_after: of this form, on the same items.
        usage: how to feed it, in plain sentences.
    """

    form: str
    accepted: bool
    reason: str
    files: tuple[str, ...] = ()
    bytes: int = 0
    items: int = 0
    real_data: bool = False
    differences: dict[str, float] = field(default_factory=dict)
    tolerance: float | None = None
    metric: str = ""
    metric_before: float | None = None
    metric_after: float | None = None
    usage: str = ""

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        return asdict(self) | {"files": list(self.files)}
