from __future__ import annotations

import pytest

from newsletter.language.recogniser import find_entities


@pytest.fixture(autouse=True, scope="session")
def models_loaded_before_any_deadline() -> None:
    """Load the models: half a second, which hypothesis would count as a slow example."""
    find_entities("Зареченск")
