"""What a batch prediction may be asked for by name; imported where there is no onnxruntime."""

from typing import Literal

Engine = Literal["local", "vertex", "beam"]
ResultsFormat = Literal["jsonl", "parquet"]
BeamRunner = Literal["DirectRunner", "DataflowRunner"]
