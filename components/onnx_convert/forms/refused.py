"""How a form says that a model cannot have it."""

from ...errors import FinalError


class RefusedError(FinalError):
    """The model cannot have this form; the message is the reason, one sentence."""
