"""The container's server: python -m graduate.components.online, set up by the environment (see `settings`)."""

from ..errors import final_errors_as_sentences
from .server import serve
from .settings import from_environment

if __name__ == "__main__":
    with final_errors_as_sentences():
        serve(from_environment())
