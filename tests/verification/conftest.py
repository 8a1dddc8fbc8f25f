"""The networks on disk that extractors are tested with."""

from tests.extractors.conftest import files  # noqa: F401
