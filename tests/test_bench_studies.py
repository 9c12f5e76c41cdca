"""The studies of constants name what is in the source."""

from pathlib import Path

import pytest
from scripts import load_script

STUDIES = Path(__file__).parents[1] / "bench" / "studies"

if not STUDIES.is_dir():
    pytest.skip("the studies are in the checkout only", allow_module_level=True)

constants = load_script(STUDIES / "source_constants.py")


@pytest.mark.parametrize("study", constants.STUDIES, ids=lambda study: study.title)
def test_a_constant_is_found_once(study):
    value = study.find()["value"]
    assert value
    assert value not in study.values
    assert study.cases
