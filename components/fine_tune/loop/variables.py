"""All variables of a training: weights, their averages, the optimisers' slots, and the best weights so far."""

import keras
import numpy as np
from numpy.typing import NDArray

from ...errors import InputError
from ..settings.config import FineTuneConfig
from ..settings.optimizers import OwnSchedule, make_optimizer
from .averages import Averages
from .learner import Learner, Stage
from .state import Arrays, assign
from .workers import strategy


class Variables:
    """What changes while a network learns."""

    def __init__(self, learner: Learner, config: FineTuneConfig, schedule: OwnSchedule | None) -> None:
        """Begins with the network as it is.

        Args:
            learner: whose stages' heads keep one optimiser throughout.
            config: resolved.
            schedule: of the learning rate, for the schedule `own`.
        """
        self._network, self._config, self._schedule = learner.network, config, schedule
        self.averages = Averages(self._network, config.ema_decay or 0.0)
        heads = {id(each): each for stage in learner.stages for each in stage.heads}
        self.heads = self._optimizer(list(heads.values()), 0, 1.0)
        self.backbone = self._optimizer([], 0, 1.0)
        self._best: list[NDArray] = []
        self._restored: Arrays = {}

    def restore(self, arrays: Arrays) -> None:
        """Takes the values of a checkpoint; the backbone's optimiser gets its own in `begin`."""
        assign(self._network.variables, arrays["network"])
        assign(self.averages.values, arrays.get("averages", []))
        assign(self.heads.variables, arrays["heads"])
        self._best, self._restored = arrays.get("best", []), arrays

    def begin(self, stage: Stage, goes_on: bool) -> None:
        """Makes the optimiser of a stage's backbone: anew, or as restored when the stage `goes_on`."""
        self.backbone = self._optimizer(
            list(stage.backbone), stage.first_step, self._config.backbone_learning_rate_factor or 1.0
        )
        if goes_on:
            assign(self.backbone.variables, self._restored["backbone"])
        self._restored = {}

    def arrays(self) -> Arrays:
        """The values for a checkpoint."""
        return {
            "network": [each.numpy() for each in self._network.variables],
            "averages": [each.numpy() for each in self.averages.values],
            "heads": [each.numpy() for each in self.heads.variables],
            "backbone": [each.numpy() for each in self.backbone.variables],
            "best": self._best,
        }

    def keep_best(self) -> None:
        """Remembers the network's weights as the best ones."""
        self._best = [each.numpy() for each in self._network.variables]

    def leave_best(self) -> None:
        """Gives the network its best weights, or the last averages if none were called the best.

        Raises:
            InputError: one of them is not a number: the last step can spoil weights without a loss that says so.
        """
        if self._best:
            assign(self._network.variables, self._best)
        else:
            self.averages.copy_to_network()
        for each in self._network.variables:
            if not np.isfinite(each.numpy()).all():
                raise InputError(f"a weight ({each.path}) is not a number after training: lower learning_rate")

    def _optimizer(self, variables: list[keras.Variable], first_step: int, factor: float) -> keras.Optimizer:
        with strategy().scope():
            optimizer = make_optimizer(self._config, first_step, factor, self._schedule)
            optimizer.build(variables)
        return optimizer
