"""docs/fine-tuning.md lists the levers as the code has them."""

from pathlib import Path
from typing import get_args

import pytest
import yaml
from pydantic import BaseModel

from graduate.components.fine_tune.settings.config import Augmentation, FineTuneConfig, Schedule
from graduate.components.fine_tune.settings.yaml_form import parse_yaml
from graduate.components.models.network_names import CLASSIFIERS, DETECTORS

PAGE = (Path(__file__).parents[2] / "docs" / "fine-tuning.md").read_text(encoding="utf-8")
LEVERS = PAGE[PAGE.index("## The levers") : PAGE.index("### A `pipeline.config`")]


def rows(model: type[BaseModel]) -> list[str]:
    """The table of a model's fields, by its code."""
    found = []
    for name, field in model.model_fields.items():
        meaning, tfod = (field.description or "").split(" TFOD: ")
        default = "task" if field.get_default() is None else str(field.get_default()).lower() or "empty"
        shown = "below" if name == "augmentation" else default
        found.append(f"| `{name}` | {shown} | {meaning} | {tfod} |")
    return found


@pytest.mark.parametrize("model", [FineTuneConfig, Augmentation])
def test_every_lever_is_listed_with_its_default_and_meaning(model):
    listed = [line for line in LEVERS.splitlines() if line.startswith("| `")]
    names = {name: line for line in listed for name in [line.split("`")[1]]}
    assert [names[name] for name in model.model_fields] == rows(model)


def test_no_other_lever_and_every_architecture_and_schedule_is_named():
    listed = [line.split("`")[1] for line in LEVERS.splitlines() if line.startswith("| `")]
    assert listed == [*FineTuneConfig.model_fields, *Augmentation.model_fields, *get_args(Schedule)]
    assert all(f"`{name}`" in LEVERS for name in (*DETECTORS, *CLASSIFIERS))


def test_the_example_can_be_read():
    example = LEVERS.split("```yaml")[1].split("```")[0]
    config = parse_yaml(example, "docs/fine-tuning.md")
    assert config.learning_rate == 1e-3
    assert config.model_fields_set == yaml.safe_load(example).keys()
