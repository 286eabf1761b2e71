"""Missing codes: every form in which they may be given."""

import numpy as np
import pytest

from toolkit.missing import missing_codes


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (None, {}),
        (-9, {-9: "unknown"}),
        ("NA", {"NA": "unknown"}),
        ([-9, "x"], {-9: "unknown", "x": "unknown"}),
        ({-9: "refused", "": "skipped"}, {-9: "refused", "": "skipped"}),
        ({float("nan"): "skipped", None: "skipped"}, {"": "skipped"}),
    ],
)
def test_missing_codes_are_read_from_any_form(given, expected):
    assert missing_codes(given) == expected


def test_numpy_codes_become_python_codes():
    assert [type(code) for code in missing_codes(np.array([-9, -8]))] == [int, int]
    assert missing_codes(np.float64(-9.0)) == {-9.0: "unknown"}
