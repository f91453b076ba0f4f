"""The training loop on a tiny network: what it learns, keeps, and survives."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
import tiny_training
from tiny_training import CONFIG, STEPS, UNFREEZE_AT, TinyLearner, train

from graduate.components.data import progress
from graduate.components.errors import InputError
from graduate.components.fine_tune.loop.log import Log
from graduate.components.fine_tune.loop.state import Checkpoints, State, held
from graduate.components.fine_tune.loop.step import Step
from graduate.components.fine_tune.loop.workers import Workers
from graduate.components.fine_tune.settings.optimizers import make_schedule


class StoppedError(Exception):
    pass


def raising_at(event_to_raise_at):
    def at(event):
        if event == event_to_raise_at:
            raise StoppedError

    return at


@pytest.fixture(scope="module")
def undisturbed():
    """Weights and outcome of a training that nothing happened to, and that kept nothing."""
    learner = TinyLearner()
    outcome = train("", learner)
    return learner.weights(), outcome


def same(weights, others):
    return all(one.tobytes() == other.tobytes() for one, other in zip(weights, others, strict=True))


def test_training_learns_and_draws_its_curve(undisturbed):
    _, outcome = undisturbed
    assert [point["step"] for point in outcome.curve] == list(range(1, STEPS + 1))
    assert outcome.curve[-1]["square"] < outcome.curve[0]["square"] / 2
    assert [point["step"] for point in outcome.curve if "validation_error" in point] == [8, 16, 24]
    errors = {point["validation_error"]: point["step"] for point in outcome.curve if "validation_error" in point}
    assert (outcome.best_step, outcome.best) == (errors[min(errors)], {"error": min(errors)})
    assert (outcome.steps, outcome.resumed_from, outcome.stopped) == (STEPS, 0, "")


@pytest.mark.slow
def test_a_training_killed_again_and_again_ends_with_the_same_weights_and_curve(tmp_path, undisturbed):
    def program(kill_at=""):
        command = [
            sys.executable,
            tiny_training.__file__,
            str(tmp_path / "place"),
            str(tmp_path / "weights.npz"),
            kill_at,
        ]
        return subprocess.run(command, capture_output=True, text=True)

    # Before the first checkpoint, while the second stage begins, just after it has, and while the network has averages.
    for kill_at in ("fetch 4", "begin all", "fetch 5", "validate"):
        assert program(kill_at).returncode == -signal.SIGKILL
    last = program()
    resumed_from, curve = json.loads(last.stdout.splitlines()[-1])
    assert resumed_from >= UNFREEZE_AT
    assert curve == undisturbed[1].curve
    with np.load(tmp_path / "weights.npz") as arrays:
        assert same(list(arrays.values()), undisturbed[0])


@pytest.mark.parametrize("fetch", [4, 11, 19])
def test_a_training_interrupted_at_a_step_goes_on_as_if_it_had_not_been(tmp_path, undisturbed, fetch):
    with pytest.raises(StoppedError):
        train(tmp_path, TinyLearner(raising_at(f"fetch {fetch}")))
    learner = TinyLearner()
    outcome = train(tmp_path, learner)
    assert same(learner.weights(), undisturbed[0])
    assert outcome.curve == undisturbed[1].curve


def test_a_finished_training_takes_no_more_steps(tmp_path, undisturbed):
    train(tmp_path, TinyLearner())
    again = TinyLearner()
    outcome = train(tmp_path, again)
    assert again.fetched == 0
    assert (outcome.resumed_from, outcome.best_step) == (STEPS, undisturbed[1].best_step)
    assert same(again.weights(), undisturbed[0])


def test_checkpoints_in_cloud_storage_are_gone_on_with(bucket, undisturbed):
    with pytest.raises(StoppedError):
        train("gs://bucket/training", TinyLearner(raising_at("fetch 18")))
    learner = TinyLearner()
    assert train("gs://bucket/training", learner).resumed_from >= UNFREEZE_AT
    assert same(learner.weights(), undisturbed[0])


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory):
    """A place with the checkpoints of steps 10 and 15."""
    place = tmp_path_factory.mktemp("interrupted")
    with pytest.raises(StoppedError):
        train(place, TinyLearner(raising_at("fetch 20")))
    return place


@pytest.mark.parametrize("keep", [slice(None, 3000), slice(None, -1), slice(0, 0)])
def test_a_damaged_checkpoint_is_said_and_the_one_before_it_used(tmp_path, interrupted, undisturbed, capsys, keep):
    shutil.copytree(interrupted, tmp_path, dirs_exist_ok=True)
    newest = max(tmp_path.glob("*.npz"), key=lambda file: file.stat().st_mtime_ns)
    newest.write_bytes(newest.read_bytes()[keep])
    learner = TinyLearner()
    assert train(tmp_path, learner).resumed_from == 10
    assert f"{newest} is damaged" in capsys.readouterr().out
    assert same(learner.weights(), undisturbed[0])


def test_a_flipped_bit_in_a_weight_is_a_damage_too(interrupted, tmp_path):
    shutil.copytree(interrupted, tmp_path, dirs_exist_ok=True)
    newest = max(tmp_path.glob("*.npz"), key=lambda file: file.stat().st_mtime_ns)
    whole = bytearray(newest.read_bytes())
    whole[len(whole) // 3] ^= 1
    newest.write_bytes(whole)
    loaded = Checkpoints(str(tmp_path), "tiny").load()
    assert loaded is not None
    assert loaded[0].step == 10


def test_checkpoints_of_another_training_are_left_alone(tmp_path, undisturbed, capsys):
    train(tmp_path, TinyLearner(), fingerprint="other", num_steps=2)
    before = {file: file.read_bytes() for file in tmp_path.glob("*.npz")}
    learner = TinyLearner()
    assert train(tmp_path, learner).resumed_from == 0
    assert "checkpoints of another training" in capsys.readouterr().out
    assert same(learner.weights(), undisturbed[0])
    assert before == {file: file.read_bytes() for file in before}


def test_two_trainings_never_share_a_place(tmp_path):
    with held(str(tmp_path)), pytest.raises(InputError, match=f"in use by process {os.getpid()}"):
        train(tmp_path, TinyLearner())


def test_sigterm_saves_first_and_is_given_back(tmp_path, undisturbed, capsys):
    def at(event):
        if event == "fetch 9":
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as left:
        train(tmp_path, TinyLearner(at), checkpoint_every=100)
    assert left.value.code == 143
    assert signal.getsignal(signal.SIGTERM) is before
    assert "SIGTERM: training ends after step" in capsys.readouterr().out
    learner = TinyLearner()
    assert train(tmp_path, learner).resumed_from > 0
    assert same(learner.weights(), undisturbed[0])


def save_on_sigterm(place, learner, step=0, **levers):
    """Trains until SIGTERM, which comes in this step or from the learner; gives the state that was saved."""
    with pytest.MonkeyPatch.context() as patch:

        def apply(self, gradients, number, original=Step.apply):
            original(self, gradients, number)
            if number == step:
                os.kill(os.getpid(), signal.SIGTERM)

        patch.setattr(Step, "apply", apply)
        with pytest.raises(SystemExit):
            train(place, learner, checkpoint_every=100, **levers)
    loaded = Checkpoints(str(place), "tiny").load()
    assert loaded is not None
    return loaded[0]


@pytest.mark.parametrize("step", [3, 8, UNFREEZE_AT, STEPS])
def test_sigterm_saves_right_after_the_step_and_leaves_its_evaluation_to_the_resumed_training(tmp_path, step):
    seen, undisturbed, learner = [], TinyLearner(), TinyLearner()
    curve = train("", undisturbed, evaluate_every=2).curve
    state = save_on_sigterm(tmp_path, TinyLearner(seen.append), step, evaluate_every=2)
    assert (state.step, seen.count("validate")) == (step, (step - 1) // 2)
    assert train(tmp_path, learner, evaluate_every=2).curve == curve
    assert same(learner.weights(), undisturbed.weights())


@pytest.mark.parametrize("evaluation", [1, 3])
def test_sigterm_during_an_evaluation_leads_to_no_other_step(tmp_path, undisturbed, evaluation):
    seen = []

    def at(event):
        seen.append(event)
        if event == "validate" and seen.count("validate") == evaluation:
            os.kill(os.getpid(), signal.SIGTERM)

    assert save_on_sigterm(tmp_path, TinyLearner(at)).step == 8 * evaluation
    learner = TinyLearner(seen.append)
    assert train(tmp_path, learner).curve == undisturbed[1].curve
    assert seen.count("validate") == 3
    assert same(learner.weights(), undisturbed[0])


def test_an_evaluation_that_a_resumed_training_does_first_can_end_it(tmp_path):
    levers = {"evaluate_every": 2, "early_stopping_patience": 1}
    first, second = TinyLearner(), TinyLearner()
    first.validate = lambda: {"error": 2.0}
    assert save_on_sigterm(tmp_path, first, 4, **levers).best_step == 2
    second.validate = lambda: {"error": 3.0}
    outcome = train(tmp_path, second, **levers)
    assert (outcome.steps, outcome.best) == (4, {"error": 2.0})


def test_frozen_variables_stay_the_same_bit_for_bit():
    learner = TinyLearner()
    before = [each.numpy() for each in learner.body.variables]
    head = learner.head.kernel.numpy()
    train("", learner, num_steps=UNFREEZE_AT)
    assert same(before, [each.numpy() for each in learner.body.variables])
    assert not np.array_equal(head, learner.head.kernel.numpy())


def test_the_heads_optimiser_goes_on_when_the_backbone_gets_one_of_its_own(tmp_path):
    train(tmp_path, TinyLearner())
    loaded = Checkpoints(str(tmp_path), "tiny").load()
    assert loaded is not None
    assert loaded[1]["heads"][0] == STEPS
    assert loaded[1]["backbone"][0] == STEPS - UNFREEZE_AT


def test_gradients_are_clipped_over_heads_and_backbone_together():
    learner = TinyLearner()
    learner.stages = [learner.stages[1].__class__(**{**vars(learner.stages[1]), "first_step": 0})]
    variables = [*learner.head.trainable_variables, *learner.body.trainable_variables]
    before = [each.numpy() for each in variables]
    levers = {"optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.0, "learning_rate_schedule": "constant"}
    train("", learner, **levers, num_steps=1, warmup_steps=0, learning_rate=1.0, gradient_clipping_by_norm=0.01,
          backbone_learning_rate_factor=1.0, ema_decay=0.0)  # fmt: skip
    moved = np.concatenate([(each.numpy() - old).ravel() for each, old in zip(variables, before, strict=True)])
    np.testing.assert_allclose(np.linalg.norm(moved), 0.01, rtol=1e-3)


def test_training_stops_early_with_its_best_weights():
    learner = TinyLearner()
    errors, seen = iter([3.0, 2.0, 2.5, 2.5]), []

    def validate():
        seen.append(learner.weights())
        return {"error": next(errors)}

    learner.validate = validate
    outcome = train("", learner, evaluate_every=2, early_stopping_patience=2)
    assert (outcome.steps, outcome.best_step, outcome.best) == (8, 4, {"error": 2.0})
    assert "2 of step 4 in 2 evaluations" in outcome.stopped
    assert same(learner.weights(), seen[1])


@pytest.mark.parametrize(("best", "stage"), [(1, "heads"), (2, "heads"), (3, "all")])
def test_layers_are_left_frozen_as_in_the_stage_of_the_best_weights(tmp_path, best, stage):
    begun = []
    for _ in ("trained", "read again"):
        learner, errors = TinyLearner(begun.append), iter([abs(each - best) for each in (1, 2, 3)])
        learner.validate = lambda errors=errors: {"error": float(next(errors))}
        train(tmp_path, learner, evaluate_every=5, num_steps=15)
        assert [each for each in begun if each.startswith("begin")][-1] == f"begin {stage}"


def test_without_metrics_the_last_averages_are_left():
    kernels = [TinyLearner().head.kernel.numpy()]
    for decay in (0.0, 0.9):
        learner = TinyLearner()
        learner.validate = dict
        outcome = train("", learner, num_steps=1, ema_decay=decay)
        assert (outcome.best, outcome.best_step) == ({}, 1)
        kernels.append(learner.head.kernel.numpy())
    first, last, average = kernels
    # In the first step the decay is (1 + 1) / (10 + 1).
    np.testing.assert_allclose(average, first * 2 / 11 + last * 9 / 11, rtol=1e-5)
    assert not np.allclose(first, last)


def test_a_metric_that_is_no_number_is_no_best_one_and_a_missing_one_is_named():
    learner = TinyLearner()
    errors = iter([float("nan"), 2.0, float("nan")])
    learner.validate = lambda: {"error": next(errors)}
    assert train("", learner).best == {"error": 2.0}
    learner.validate = lambda: {"other": 1.0}
    with pytest.raises(InputError, match="no error to choose the best weights by, only other"):
        train("", learner)


def test_progress_lines_say_all_that_one_wants_to_know(monkeypatch, capsys):
    monkeypatch.setattr(progress, "_SECONDS_BETWEEN_LINES", 0.0)
    train("", TinyLearner(), num_steps=12)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 10  # not of the first steps of the two stages
    number = r"[\d.,e+-]+"
    parts = [
        f"train: 12 of 12 steps, {number}/s, 0 s left",
        "stage all",
        f"square {number}",
        rf"error {number} \(step 12\)",
    ]
    assert re.fullmatch(", ".join([*parts, f"{number} examples/s"]), lines[-1])
    assert "10 of 12 steps" in lines[8]
    assert "stage heads" in lines[8]


def test_the_time_left_follows_the_speed_of_the_present_stage(monkeypatch, capsys):
    clock = [0.0]
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    log = Log(State(), CONFIG, make_schedule(CONFIG), "error", "")
    for stage, seconds in (("heads", 3.0), ("all", 10.0)):
        log.begin(stage)
        for taken in (100.0, seconds, seconds):  # the first step traces the graph
            clock[0] += taken
            log.add_step({"square": 1.0})
            log.say({})
    assert [re.findall(r"(\d) of 24.* (\d+) s left", line)[0] for line in capsys.readouterr().out.splitlines()] == [
        ("2", "66"),
        ("3", "63"),
        ("5", "190"),
        ("6", "180"),
    ]


def test_a_loss_that_is_not_a_number_ends_training_and_is_never_kept(tmp_path, capsys):
    learner = TinyLearner()
    learner.inputs[3] = np.nan
    with pytest.raises(InputError, match=r"not a number at step [1-5] \(square nan\)"):
        train(tmp_path, learner, checkpoint_every=1)
    assert "last good weights are in" in capsys.readouterr().out or not list(tmp_path.glob("*.npz"))
    loaded = Checkpoints(str(tmp_path), "tiny").load()
    assert loaded is None or all(np.isfinite(each).all() for each in loaded[1]["network"])


def test_weights_that_the_last_step_spoils_are_no_model():
    learner = TinyLearner()
    learner.validate = dict

    def spoil(event: str) -> None:
        if event == "fetch 3":
            learner.head.kernel.assign(learner.head.kernel * np.nan)

    learner.loss = lambda errors: tf.zeros_like(errors)  # which does not tell
    learner.at = spoil
    with pytest.raises(InputError, match=r"a weight \(.*kernel\) is not a number after training"):
        train("", learner, num_steps=3, ema_decay=0.0)


def test_float16_leaves_out_steps_until_the_loss_scale_fits():
    learner = TinyLearner()
    learner.loss = lambda errors: tf.cast(16 * tf.square(tf.cast(errors, tf.float16)), tf.float32)
    outcome = train("", learner, mixed_precision="float16")
    assert all(np.isfinite(each).all() for each in learner.weights())
    points = [point["square"] for point in outcome.curve]
    assert points[-1] < points[0]


def test_an_error_while_a_batch_is_made_ready_comes_through():
    with pytest.raises(StoppedError):
        train("", TinyLearner(raising_at("fetch 3")))


def test_tensorboard_has_each_point_once_after_a_restart(tmp_path):
    place, logs = tmp_path / "place", tmp_path / "logs"
    with pytest.raises(StoppedError):
        train(place, TinyLearner(raising_at("fetch 18")), log_dir=str(logs))
    train(place, TinyLearner(), log_dir=str(logs))
    events = [
        (event.step, value.tag)
        for file in sorted(logs.iterdir())
        for event in tf.compat.v1.train.summary_iterator(str(file))
        for value in event.summary.value
    ]
    assert {step for step, tag in events if tag == "square"} == set(range(1, STEPS + 1))
    assert {step for step, tag in events if tag == "validation_error"} == {8, 16, 24}
    assert {tag for _, tag in events} == {"square", "validation_error", "learning_rate"}


def test_a_batch_is_shared_in_equal_parts_by_rank():
    assert list(range(12))[Workers(1, 3, 6).rows(12)] == [4, 5, 6, 7]
    with pytest.raises(InputError, match="batch_size 8 cannot be shared by 6 replicas"):
        Workers(0, 3, 6).rows(8)
