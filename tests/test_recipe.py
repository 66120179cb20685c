"""The recipe for conda-forge: rattler-build can read and render it, and it says the same as pyproject.toml."""

import tomllib
from pathlib import Path

import pytest

import skseg

ROOT = Path(__file__).parents[1]
RECIPE = ROOT / ".ci/conda/recipe.yaml"

pytestmark = pytest.mark.skipif(not RECIPE.exists(), reason="the sdist has no recipe")


@pytest.fixture(scope="module")
def recipe():
    rattler_build = pytest.importorskip("rattler_build")
    (variant,) = rattler_build.Stage0Recipe.from_file(RECIPE).render()
    return variant.recipe.to_dict()


@pytest.fixture(scope="module")
def pyproject():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_a_recipe_describes_this_version_of_the_package(recipe, pyproject):
    project, about, build = pyproject["project"], recipe["about"], recipe["build"]
    assert recipe["package"] == {"name": project["name"], "version": skseg.__version__}
    assert (about["summary"], about["license"]) == (project["description"], project["license"])
    assert about["license_file"] == project["license-files"]
    assert about["documentation"].rstrip("/") == project["urls"]["Documentation"]
    assert about["repository"] == project["urls"]["Source"]
    assert build["python"]["entry_points"] == [f"{name} = {main}" for name, main in project["scripts"].items()]


def test_a_recipe_needs_the_same_packages(recipe, pyproject):
    project, needed = pyproject["project"], recipe["requirements"]
    extras = project["optional-dependencies"]
    run = [f"python{project['requires-python']}", *project["dependencies"], *extras["cli"]]
    assert needed["run"] == [line.replace(">=", " >=") for line in run]
    plot = [line.replace(">=", "-base >=") for line in extras["plot"]]  # without Qt
    assert needed["run_constraints"] == plot
    oldest = f"python{project['requires-python']}.*".replace(">=", " ")
    assert needed["host"] == [oldest, "pip", *pyproject["build-system"]["requires"]]
