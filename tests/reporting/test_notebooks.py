import ast
import json

import pytest

from toolkit.errors import ReportError
from toolkit.reporting.notebooks import checked_parameters, find_notebook, from_text, notebooks, parameters_of


@pytest.mark.parametrize("name", notebooks())
def test_notebooks_are_thin(name):
    cells = json.loads(find_notebook(name).read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert sum("parameters" in cell["metadata"].get("tags", []) for cell in code) == 1
    for cell in code:
        source = "".join(cell["source"])
        assert not cell["outputs"]
        assert cell["execution_count"] is None
        assert "def " not in source
        assert "class " not in source
        calls = 0 if "parameters" in cell["metadata"].get("tags", []) else len(ast.parse(source).body)
        assert calls <= 8


@pytest.mark.parametrize("name", notebooks())
def test_parameters_are_typed_and_explained(name):
    for parameter in parameters_of(find_notebook(name)).values():
        assert parameter.type_name in ("str", "int", "float", "bool", "list[str]")
        assert parameter.help


@pytest.mark.parametrize("name", notebooks())
def test_every_parameter_is_read_without_complaint(name, caplog):
    path = find_notebook(name)
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    source = next("".join(cell["source"]) for cell in cells if "parameters" in cell["metadata"].get("tags", []))
    assigned = [line.target.id for line in ast.parse(source).body if isinstance(line, ast.AnnAssign)]
    assert list(parameters_of(path)) == assigned
    assert not caplog.records


def test_unknown_notebook():
    with pytest.raises(ReportError, match="Did you mean 'scales'"):
        find_notebook("scale")


@pytest.mark.parametrize(
    ("text", "value"), [({"confidence": "0.9"}, 0.9), ({"wave": "007"}, "007"), ({"wave": "true"}, "true")]
)
def test_text_is_read_by_the_declared_type(text, value):
    assert list(from_text("scales", find_notebook("scales"), text).values()) == [value]


@pytest.mark.parametrize("value", [True, "x", None, [1]])
def test_wrong_types_are_refused(value):
    with pytest.raises(ReportError, match="type float"):
        checked_parameters("scales", find_notebook("scales"), {"confidence": value})


def test_a_whole_number_is_a_float_too():
    assert checked_parameters("scales", find_notebook("scales"), {"confidence": 1}) == {"confidence": 1}
