"""By what a repetition finds the jobs and the files of an earlier run."""

import hashlib
import json
from typing import Any

# Label of our jobs on the service.
FINGERPRINT = "graduate-fingerprint"


def fingerprint(*parts: Any) -> str:
    """32 hexadecimal digits of JSON values: short enough, and of the right letters, for a label."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]
