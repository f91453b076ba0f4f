"""One worker of a detector's training, or a training of one: `python detector_worker.py DATASET FOLDER LEVERS`.

The levers are JSON. Checkpoints go into FOLDER/place.
"""

import json
import sys
from pathlib import Path

from graduate.components.data.dataset import Dataset
from graduate.components.fine_tune.loop.workers import workers
from graduate.components.fine_tune.settings.config import FineTuneConfig
from graduate.components.fine_tune.tasks.detection import fine_tune_detector


def main(dataset: str, folder: str, levers: str) -> None:
    output = Path(folder) / f"model-{workers().rank}"
    place = Path(folder) / "place"
    fine_tune_detector(Dataset.open(dataset), None, output, FineTuneConfig(**json.loads(levers)), str(place), "")


if __name__ == "__main__":
    main(*sys.argv[1:])
