"""Levers that training starts from because the baseline's search found them to be good.

| baseline | taken over, if the search compared several values of it | why |
|---|---|---|
| object detection | `image_size`; `learning_rate` of heads that begin anew, as the baseline's did | the same images |
| image classification | `image_size` | its head is not trained in steps |
| tables | nothing | trees and linear models have no hyperparameter of a network |

What all trials had in common was the baseline's budget and no finding, and stays with the task's defaults; so does what
AutoML of the service does not tell.
"""

from typing import Any

from ...data.items import Task
from ...models import hyperparameters, leaderboard
from ...models.folder import ModelFolder

TAKEN_OVER = {
    Task.OBJECT_DETECTION: ("image_size", "learning_rate"),
    Task.IMAGE_CLASSIFICATION: ("image_size",),
}


def from_baseline(
    baseline: ModelFolder | None, task: Task, heads_begin_anew: bool = True
) -> tuple[dict[str, Any], str]:
    """What a baseline's search says about the levers; a lever that the user sets goes before it.

    Args:
        baseline: with its hyperparameters and leaderboard; None for none.
        task: to be trained.
        heads_begin_anew: whether no checkpoint has the heads' weights, for which the baseline's rate would be too high.

    Returns:
        Values for `FineTuneConfig.with_defaults`, and a sentence on them for people.
    """
    chosen = hyperparameters.read(baseline.hyperparameters) if baseline else None
    if not baseline or not chosen:
        return {}, "There is no baseline's search to start from."
    if task not in TAKEN_OVER:
        return {}, f"Of the baseline's hyperparameters none is a network's ({chosen.estimator or chosen.note})."
    tried = [trial.hyperparameters for trial in leaderboard.read(baseline.leaderboard)]
    values, found = {}, []
    names = [name for name in TAKEN_OVER[task] if heads_begin_anew or name != "learning_rate"]
    for name in names:
        compared = sorted({each[name] for each in tried if name in each})
        if name in chosen.hyperparameters and len(compared) > 1:
            values[name] = chosen.hyperparameters[name]
            found.append(f"{name} {values[name]:g} (the best of {', '.join(f'{value:g}' for value in compared)})")
    if not found:
        return {}, f"The baseline's search compared no values of {' or '.join(names)} to start from."
    return values, f"From the baseline's search: {', '.join(found)}."
