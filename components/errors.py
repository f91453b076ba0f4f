"""The one kind of error a user can mend: shown as a sentence, without a stack trace."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

# sysexits.h: EX_DATAERR, "the input data was incorrect in some way". The local runner does not retry it.
BAD_INPUT_EXIT_CODE = 65


class InputError(ValueError):
    """What the user gave cannot be used: the message says what was wrong, where, and what to do.

    The same input would fail again, so a retry is useless.
    """


@contextmanager
def input_errors_as_sentences() -> Iterator[None]:
    """Ends the process with the sentence of an `InputError` on standard error and `BAD_INPUT_EXIT_CODE`.

    Every door opens its room inside this, so that the pipeline UI's log ends in the sentence.

    Raises:
        SystemExit: in place of an `InputError`.
    """
    try:
        yield
    except InputError as error:
        print(f"error: {error}\nA retry is useless until the input is mended.", file=sys.stderr, flush=True)
        raise SystemExit(BAD_INPUT_EXIT_CODE) from None
