"""Errors that come again however often a step is repeated: shown as a sentence, without a stack trace."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# sysexits.h: EX_DATAERR, "the input data was incorrect in some way". The local runner does not retry it.
BAD_INPUT_EXIT_CODE = 65


class FinalError(Exception):
    """A repetition would end in the same way; the message is one sentence for the user."""


class InputError(FinalError, ValueError):
    """What the user gave cannot be used: the message says what was wrong, where, and what to do."""


@contextmanager
def final_errors_as_sentences() -> Iterator[None]:
    """Ends the process with the sentence of a `FinalError` on standard error and `BAD_INPUT_EXIT_CODE`.

    Every door opens its room inside this, so that the pipeline UI's log ends in the sentence.

    Raises:
        SystemExit: in place of a `FinalError`.
    """
    try:
        yield
    except FinalError as error:
        print(f"error: {error}\nA retry is useless: the same input ends in the same way.", file=sys.stderr, flush=True)
        raise SystemExit(BAD_INPUT_EXIT_CODE) from None
