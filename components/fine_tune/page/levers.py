"""The levers of a training: those that somebody set, and all of them."""

from dataclasses import dataclass

import yaml

from ...models.folder import ModelFolder

# Parameters that the page tells in sentences.
TOLD = (
    "architecture",
    "batch_size",
    "steps",
    "best_step",
    "stopped",
    "resumed_from",
    "training_seconds",
    "chosen_by",
    "warm_start",
)
_LISTED = ("levers", "not_taken_over", "set_aside")


@dataclass(frozen=True)
class Levers:
    """The levers of a training.

    Attributes:
        changed: those that differ from the defaults, with their values as YAML.
        config: the text of the resolved config; "" where there is none.
        not_taken_over: what of a pipeline.config has no counterpart.
        set_aside: items that were not learned from, {"id", "reason"} each.
        others: what else was noted of the training.
    """

    changed: dict[str, str]
    config: str
    not_taken_over: list[str]
    set_aside: list[dict[str, str]]
    others: dict[str, object]


def levers(model: ModelFolder) -> Levers:
    """Reads them from a model folder."""
    noted = model.parameters
    return Levers(
        changed={name: _as_yaml(value) for name, value in noted.get("levers", {}).items()},
        config=model.config.read_text(encoding="utf-8") if model.config.is_file() else "",
        not_taken_over=noted.get("not_taken_over", []),
        set_aside=noted.get("set_aside", []),
        others={name: value for name, value in noted.items() if name not in (*TOLD, *_LISTED)},
    )


def _as_yaml(value: object) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")
