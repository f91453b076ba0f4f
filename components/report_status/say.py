"""How a run ended, in one sentence."""

_ENDS = {"SUCCEEDED": "succeeded", "FAILED": "failed", "CANCELLED": "was cancelled"}


def say(state: str, pipeline: str = "", task: str = "", error: str = "") -> str:
    """Prints how a run ended.

    Args:
        state: SUCCEEDED, FAILED or CANCELLED, as `PipelineTaskFinalStatus` has it.
        pipeline: resource name of the run, or "".
        task: the task whose end this is, or "".
        error: what went wrong, or "".

    Returns:
        The sentence.
    """
    run = f"The run {pipeline}" if pipeline else "The run"
    end = _ENDS.get(state, f"ended as {state}")
    where = f" in {task}" if task and state != "SUCCEEDED" else ""
    why = f": {error}" if error else "."
    sentence = f"{run} {end}{where}{why}"
    print(sentence, flush=True)
    return sentence
