"""Imports point one way: app -> jobtitles.ui -> jobtitles core <- training <- scripts."""

import ast

import pytest

from jobtitles.sources import ROOT

ALLOWED = {
    "app": {"jobtitles", "jobtitles.ui"},
    "jobtitles.ui": {"jobtitles", "jobtitles.ui", "gradio", "plotly"},
    "jobtitles": {"jobtitles"},
    "training": {"jobtitles", "training"},
    "scripts": {"jobtitles", "training"},
}
ROOMS = {"jobtitles", "jobtitles.ui", "training", "scripts", "app", "gradio", "plotly"}


def room_of(module: str) -> str:
    return "jobtitles.ui" if module.startswith("jobtitles.ui") else module.split(".")[0]


def wrong_imports(module: str, source: str) -> list[str]:
    """Rooms of the project, gradio or plotly that `module` may not import but does."""
    allowed = ALLOWED[room_of(module)]
    found = []
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        rooms = {room_of(name) for name in names} & ROOMS
        found += sorted(rooms - allowed)
    return found


def project_files():
    yield from ROOT.glob("app.py")
    for folder in ("jobtitles", "training", "scripts"):
        yield from ROOT.glob(f"{folder}/**/*.py")


def test_every_import_points_the_right_way():
    files = list(project_files())
    assert len(files) > 20
    wrong = {}
    for path in files:
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if bad := wrong_imports(module, path.read_text(encoding="utf-8")):
            wrong[module] = bad
    assert wrong == {}


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("jobtitles.index", "import training.dataset"),
        ("jobtitles.index", "def f():\n    from gradio import Blocks"),
        ("jobtitles.index", "from jobtitles.ui.page import build_page"),
        ("jobtitles.index", "from jobtitles import ui"),
        ("jobtitles.ui.page", "from training import cards"),
        ("training.cards", "import plotly.graph_objects"),
        ("training.cards", "from scripts import x"),
    ],
)
def test_a_wrong_import_is_found(module, source):
    assert wrong_imports(module, source)


def test_app_is_short():
    assert len((ROOT / "app.py").read_text(encoding="utf-8").splitlines()) < 30
