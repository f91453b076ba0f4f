"""Reading the steps of a compiled pipeline."""

from pathlib import Path

import pytest
import yaml
from kfp import compiler, dsl

from graduate.pipelines.spec_graph import Step, read_steps


@dsl.component(base_image="graduate/toy:unbuilt", install_kfp_package=False)
def work(text: str = "") -> str:
    """Works."""
    return text


@dsl.component(base_image="graduate/toy:unbuilt", install_kfp_package=False)
def finish(status: dsl.PipelineTaskFinalStatus) -> None:
    """Finishes."""


@dsl.pipeline(name="branches")
def branches(way: str = "a") -> None:
    """Goes one of three ways."""
    with dsl.ExitHandler(finish().set_display_name("Finish"), name="all"):
        first = work(text=way).set_display_name("Begin")
        with dsl.If(first.output == "a", name="way a"):
            second = work(text=first.output).set_display_name("Do a")
            work(text=second.output).set_display_name("Do more of a").after(first)
        with dsl.Elif(first.output == "b_c"):
            work(text=first.output).set_display_name("Do b")
        with dsl.Else(), dsl.If(way == "z", name="z as well"):
            work(text=first.output).set_display_name("Do c")


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Step]:
    file: Path = tmp_path_factory.mktemp("spec") / "branches.yaml"
    compiler.Compiler().compile(branches, str(file))
    return read_steps(yaml.safe_load(file.read_text()))


def test_steps_are_found_in_nested_branches_and_named_apart(steps: dict[str, Step]) -> None:
    assert {name: step.display_name for name, step in steps.items()} == {
        "work": "Begin",
        "work-2": "Do a",
        "work-3": "Do more of a",
        "work-4": "Do b",
        "work-5": "Do c",
        "finish": "Finish",
    }


def test_steps_come_in_an_order_in_which_they_can_run(steps: dict[str, Step]) -> None:
    names = list(steps)
    assert all(names.index(need) < names.index(step.name) for step in steps.values() for need in step.needs)
    assert names[-1] == "finish"


def test_conditions_are_prose_and_an_else_says_what_it_excludes(steps: dict[str, Step]) -> None:
    assert steps["work"].conditions == ()
    assert steps["work-3"].conditions == ("work is a",)
    assert steps["work-4"].conditions == ("work is b c",)
    assert steps["work-5"].conditions == ("work is neither a nor b c", "way is z")


def test_a_branch_needs_what_its_condition_needs_and_nothing_is_said_twice(steps: dict[str, Step]) -> None:
    assert steps["work-2"].needs == ("work",)
    assert steps["work-3"].needs == ("work-2",)


def test_the_exit_task_needs_the_end_of_every_branch(steps: dict[str, Step]) -> None:
    assert steps["finish"].is_exit
    assert set(steps["finish"].needs) == {"work-3", "work-4", "work-5"}
