"""The steps of a compiled pipeline as a graph: what depends on what, and under which conditions it runs."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter
from typing import Any

import networkx as nx

from ..components.errors import InputError
from ..components.reports.formats import words

_COMPONENT_PREFIX = "comp-"
_CHANNEL_PREFIX = "pipelinechannel--"
# What KFP's compiler writes for dsl.If, dsl.Elif and dsl.Else: comparisons, the earlier branches' negated.
_COMPARISON = re.compile(
    r"""(?P<negated>!\()?inputs\.parameter_values\['(?P<input>[^']+)'\]"""
    r"""\s*(?P<operator>==|!=|<=|>=|<|>)\s*(?P<value>'[^']*'|[^\s)]+)"""
)
_IN_WORDS = {"==": "is", "!=": "is not", "<": "is below", "<=": "is at most", ">": "is above", ">=": "is at least"}


@dataclass(frozen=True)
class Step:
    """A task that runs something (not one that only holds other tasks).

    Attributes:
        name: unique in the pipeline: the name of its task in the DAG.
        display_name: as shown to people.
        needs: names of the steps that must have ended before it starts, without those that others of them need.
        conditions: of the branches that it is in, outermost first, as prose: "decision is graduate".
        is_exit: it runs at the end, whatever became of the others.
    """

    name: str
    display_name: str
    needs: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    is_exit: bool = False


@dataclass(frozen=True)
class _Scope:
    """What a nested DAG has from those around it: needs, conditions, and what its inputs are called there."""

    needs: frozenset[str] = frozenset()
    conditions: tuple[str, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)


def step_name(component: str) -> str:
    """Name of the step that runs a component of the spec; KFP gives each task a component of its own."""
    return component.removeprefix(_COMPONENT_PREFIX)


def read_steps(document: Mapping[str, Any]) -> dict[str, Step]:
    """Steps of a compiled pipeline, by name, in an order in which they can run.

    Args:
        document: the compiled pipeline.

    Raises:
        InputError: a nested pipeline is used twice, so that its steps have no names of their own.
    """
    steps: dict[str, Step] = {}
    for step in _walk(document["root"]["dag"]["tasks"], document["components"], _Scope()):
        if step.name in steps:
            raise InputError(f"The pipeline has two steps named {step.name!r}: use a nested pipeline only once.")
        steps[step.name] = step
    graph = nx.transitive_reduction(nx.DiGraph((need, step.name) for step in steps.values() for need in step.needs))
    graph.add_nodes_from(steps)
    order = nx.lexicographical_topological_sort(graph, key=list(steps).index)
    return {name: replace(steps[name], needs=tuple(sorted(graph.predecessors(name)))) for name in order}


def _walk(tasks: Mapping[str, Any], components: Mapping[str, Any], scope: _Scope) -> Iterator[Step]:
    """Steps of one DAG and of those nested in it, producers first."""
    producers = {name: _producers(task) for name, task in tasks.items()}
    ends: dict[str, frozenset[str]] = {}
    for name in TopologicalSorter(producers).static_order():
        task, component = tasks[name], tasks[name]["componentRef"]["name"]
        needs = scope.needs.union(*(ends[producer] for producer in producers[name]))
        if "dag" in components[component]:
            names = _input_names(task, scope)
            inner = _Scope(needs, scope.conditions + _conditions(task, names), names)
            nested = list(_walk(components[component]["dag"]["tasks"], components, inner))
        else:
            nested = [
                Step(step_name(component), task["taskInfo"]["name"], tuple(needs), scope.conditions, _is_exit(task))
            ]
        yield from nested
        ends[name] = _last(nested) or needs


def _producers(task: Mapping[str, Any]) -> set[str]:
    """Tasks of the same DAG that must end before this one."""
    inputs = task.get("inputs", {})
    sources = [*inputs.get("parameters", {}).values(), *inputs.get("artifacts", {}).values()]
    made = {value["producerTask"] for source in sources for value in source.values() if "producerTask" in value}
    return made.union(task.get("dependentTasks", ()))


def _last(steps: Iterable[Step]) -> frozenset[str]:
    """Those steps that none of the others needs."""
    steps = list(steps)
    return frozenset(step.name for step in steps).difference(*(step.needs for step in steps))


def _is_exit(task: Mapping[str, Any]) -> bool:
    parameters = task.get("inputs", {}).get("parameters", {})
    return any("taskFinalStatus" in source for source in parameters.values())


def _input_names(task: Mapping[str, Any], scope: _Scope) -> dict[str, str]:
    """What the inputs of a nested DAG are called where they come from: `decision`, for one."""
    names = {}
    for name, source in task.get("inputs", {}).get("parameters", {}).items():
        if made := source.get("taskOutputParameter"):
            key = made["outputParameterKey"]
            names[name] = made["producerTask"] if key == "Output" else key
        else:
            outer = source.get("componentInputParameter", name)
            names[name] = scope.names.get(outer, outer.removeprefix(_CHANNEL_PREFIX))
    return names


def _conditions(task: Mapping[str, Any], names: Mapping[str, str]) -> tuple[str, ...]:
    """The condition of a task as prose; what earlier branches took is only said where nothing else is."""
    condition = task.get("triggerPolicy", {}).get("condition")
    if not condition:
        return ()
    own, others = [], []
    for match in _COMPARISON.finditer(condition):
        subject, value = (
            words(text) for text in (names.get(match["input"], match["input"]), match["value"].strip("'"))
        )
        (others if match["negated"] else own).append((subject, match["operator"], value))
    if own:
        return (" and ".join(f"{subject} {_IN_WORDS[operator]} {value}" for subject, operator, value in own),)
    # An Else: its branches before it nearly always ask for values of one thing.
    if others and {(subject, operator) for subject, operator, _ in others} == {(others[0][0], "==")}:
        negation = "is not" if len(others) == 1 else "is neither"
        return (f"{others[0][0]} {negation} {' nor '.join(value for *_, value in others)}",)
    return (f"not ({' or '.join(f'{s} {_IN_WORDS[o]} {v}' for s, o, v in others)})" if others else condition,)
