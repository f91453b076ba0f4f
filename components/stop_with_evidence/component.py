"""The door of stop_with_evidence."""

from kfp import dsl

from ..images import image


@dsl.component(base_image=image("automl"), install_kfp_package=False)
def stop_with_evidence(
    verdict: dsl.Input[dsl.Artifact],
    decision: str,
    worklist: dsl.Output[dsl.Artifact],
    page: dsl.Output[dsl.HTML],
) -> None:
    """Writes the work list for whoever owns the data; nothing is trained after it.

    Args:
        verdict: The gate's verdict with its findings.
        decision: What the pipeline decided: "fix_data".
        worklist: Folder with worklist.csv: one row per case, with file and line, and what to do.
        page: The work list for people.
    """
    from graduate.components.errors import final_errors_as_sentences
    from graduate.components.stop_with_evidence.write_worklist import write_worklist

    with final_errors_as_sentences():
        write_worklist(verdict=verdict.path, output=worklist.path, page=page.path, decision=decision)
