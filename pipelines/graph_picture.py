"""Where the steps of a run are drawn: layers in the order of dependence, one lane per branch.

Written by hand for want of a layout library without Graphviz's binaries that knows lanes: those of networkx spread each
layer by itself, so that a branch would zigzag.
"""

import textwrap
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import networkx as nx

from .run_record import State, StepRecord
from .spec_graph import Step

# Pixels; widths are those of a wide font, since the reader's is not known.
_CHARACTER_WIDTH = 6.9
_LABEL_CHARACTER_WIDTH = 6.2
_LINE_HEIGHT = 15
_LABEL_LINE_HEIGHT = 13
_STATE_HEIGHT = 50


@dataclass(frozen=True)
class Style:
    """Sizes in pixels: of a step, between layers (`gap`) and between lanes (`lane_gap`)."""

    vertical: bool
    step_width: float
    gap: float
    lane_gap: float


# Eight layers fill the page of a desktop.
WIDE = Style(vertical=False, step_width=112, gap=22, lane_gap=40)


@dataclass(frozen=True)
class Box:
    """A step as drawn: its top left corner, and its name in lines."""

    step: Step
    state: StepRecord
    x: float
    y: float
    lines: list[str]


@dataclass(frozen=True)
class Label:
    """The condition of a branch, above its first step; (x, y) is the start of its last line."""

    x: float
    y: float
    lines: list[str]


@dataclass(frozen=True)
class Edge:
    """A dependence: an SVG path, dashed where the run did not take it."""

    path: str
    is_taken: bool


@dataclass(frozen=True)
class Picture:
    """A drawn graph, sizes in pixels."""

    width: float
    height: float
    step_width: float
    step_height: float
    boxes: list[Box]
    edges: list[Edge]
    labels: list[Label]


def narrow(steps: Mapping[str, Step]) -> Style:
    """Style for a phone: from top to bottom, all lanes side by side in 350 pixels as long as they are readable."""
    lanes = _Grid.of(steps).rows
    width = max(104, min(230, (350 - 12 * (lanes - 1)) / lanes))
    return Style(vertical=True, step_width=width, gap=28, lane_gap=12)


def draw(steps: Mapping[str, Step], records: Mapping[str, StepRecord], style: Style) -> Picture:
    """Draws the steps of a run.

    Args:
        steps: by name, in an order in which they can run.
        records: their states, by name.
        style: direction and sizes.
    """
    grid = _Grid.of(steps)
    lines = {name: _wrap(step.display_name, style.step_width - 16, _CHARACTER_WIDTH) for name, step in steps.items()}
    width, height = style.step_width, _STATE_HEIGHT + _LINE_HEIGHT * max(map(len, lines.values()))
    places = _places(steps, grid, (width, height), style)
    return Picture(
        width=max(x for x, _ in places.values()) + width,
        height=max(y for _, y in places.values()) + height,
        step_width=width,
        step_height=height,
        boxes=[Box(step, records[name], *places[name], lines[name]) for name, step in steps.items()],
        edges=[
            _edge(need, step, places, records, (width, height), style) for step in steps.values() for need in step.needs
        ],
        labels=[_label(steps[name], places[name], style) for name in grid.lanes.values()],
    )


@dataclass(frozen=True)
class _Grid:
    """Places as counts: layer of each step, its place across (0 to rows - 1), and each lane's first step."""

    layers: dict[str, int]
    across: dict[str, float]
    rows: int
    lanes: dict[tuple[str, ...], str]

    @classmethod
    def of(cls, steps: Mapping[str, Step]) -> Self:
        graph = nx.DiGraph((need, step.name) for step in steps.values() for need in step.needs)
        graph.add_nodes_from(steps)
        layers = {name: layer for layer, names in enumerate(nx.topological_generations(graph)) for name in names}
        cells: dict[tuple[tuple[str, ...], int], list[str]] = defaultdict(list)
        lanes: dict[tuple[str, ...], str] = {}
        for name, step in steps.items():
            cells[step.conditions, layers[name]].append(name)
            if step.conditions:
                lanes.setdefault(step.conditions, name)
        across, start = {}, 0
        for lane in lanes:
            members = [names for (conditions, _), names in cells.items() if conditions == lane]
            across |= {name: start + row for names in members for row, name in enumerate(names)}
            start += max(map(len, members))
        shared = [names for (conditions, _), names in cells.items() if not conditions]
        rows = max([start, *map(len, shared)])
        across |= {name: (rows - len(names)) / 2 + row for names in shared for row, name in enumerate(names)}
        return cls(layers, across, rows, lanes)


def _places(
    steps: Mapping[str, Step], grid: _Grid, size: tuple[float, float], style: Style
) -> dict[str, tuple[float, float]]:
    """Top left corner of each step, with room for the conditions above the first steps of branches."""
    width, height = size
    if not style.vertical:
        top = style.lane_gap / 2 if grid.lanes else 0
        return {
            name: (grid.layers[name] * (width + style.gap), top + grid.across[name] * (height + style.lane_gap))
            for name in steps
        }
    room = dict.fromkeys(grid.layers.values(), 0)
    for name in grid.lanes.values():
        lines = len(_label(steps[name], (0, 0), style).lines)
        room[grid.layers[name]] = max(room[grid.layers[name]], lines * _LABEL_LINE_HEIGHT)
    return {
        name: (
            grid.across[name] * (width + style.lane_gap),
            layer * (height + style.gap) + sum(extra for above, extra in room.items() if above <= layer),
        )
        for name, layer in grid.layers.items()
    }


def _wrap(text: str, width: float, character_width: float) -> list[str]:
    return textwrap.wrap(text, max(8, int(width / character_width)))


def _label(step: Step, place: tuple[float, float], style: Style) -> Label:
    lines = _wrap(
        f"if {' and '.join(step.conditions)}", style.step_width * (1 if style.vertical else 2), _LABEL_CHARACTER_WIDTH
    )
    return Label(place[0], place[1] - 6, lines)


def _edge(
    need: str,
    step: Step,
    places: Mapping[str, tuple[float, float]],
    records: Mapping[str, StepRecord],
    size: tuple[float, float],
    style: Style,
) -> Edge:
    """A line that changes lanes where it leaves a shared step, or where it comes to one: never behind a step."""
    (x1, y1), (x2, y2) = places[need], places[step.name]
    width, height = size
    if style.vertical:
        path = _path(y1 + height, x1 + width / 2, y2, x2 + width / 2, style, early=bool(step.conditions))
    else:
        path = _path(x1 + width, y1 + height / 2, x2, y2 + height / 2, style, early=bool(step.conditions))
    return Edge(path, all(records[name].state is not State.SKIPPED for name in (need, step.name)))


def _path(main1: float, cross1: float, main2: float, cross2: float, style: Style, early: bool) -> str:
    """A straight line with a bend of one gap's length at its start (`early`) or end."""

    def at(main: float, cross: float) -> str:
        return f"{cross:g} {main:g}" if style.vertical else f"{main:g} {cross:g}"

    bend = main1 if early else main2 - style.gap
    middle, after = bend + style.gap / 2, bend + style.gap
    curve = f"L{at(bend, cross1)}C{at(middle, cross1)} {at(middle, cross2)} {at(after, cross2)}"
    return f"M{at(main1, cross1)}{curve}L{at(main2, cross2)}"
