"""Schema and types: what the importer marked or could not read."""

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from ...data import storage
from ...data.dataset import Dataset
from ..columns import read_columns
from ..findings import Case, Finding, counted
from ..rules import RULES


def schema_and_types(data: Dataset) -> Iterator[Finding]:
    """Yields a finding for each rule that the importer's faults and rejects break."""
    cases: defaultdict[str, list[Case]] = defaultdict(list)
    for rule, case in (*_rejects(data), *_faults(data)):
        cases[rule].append(case)
    of = f"{sum(data.counts.values()):,} {'images' if data.task.is_image else 'rows'}"
    for rule in sorted(cases, key=list(RULES).index):
        yield from counted(rule, cases[rule], of)


def _rejects(data: Dataset) -> Iterator[tuple[str, Case]]:
    source = data.summary["source"]
    for reject in data.rejects():
        rule = reject.reason if reject.reason in RULES else "rejected_record"
        # As the importer makes ids: relative to the folder that is the source, or that the import file is in.
        name = storage.relative_name(storage.relative_name(reject.uri, source), storage.parent(source))
        yield rule, Case(name, reject.source, reject.split, reject.detail)


def _faults(data: Dataset) -> Iterator[tuple[str, Case]]:
    table = read_columns(data, ["id", "source", "faults"])
    faulty = table.take(np.flatnonzero(table["faults"].combine_chunks().value_lengths()))
    for item in faulty.to_pylist():
        for fault in item["faults"]:
            yield fault["rule"], Case(item["id"], item["source"], item["split"], fault["detail"], fault["box"])
