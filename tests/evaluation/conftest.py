"""The networks on disk that extractors are tested with."""

from tests.extractors.conftest import files, text_of  # noqa: F401
