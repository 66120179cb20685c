"""Whatever stands in a file, there is a result or a reason, never a traceback."""

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from skimage.data import coffee

from skseg import KMeansSegmenter, io
from skseg.cli import app

PICTURE = coffee()[::25, ::25]
N_MUTANTS = 40


def mutants(path):
    """The bytes of a file, some changed, some cut off."""
    random = np.random.default_rng(0)
    whole = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    for _ in range(N_MUTANTS):
        changed = whole.copy()
        where = random.integers(0, len(whole), size=random.integers(1, 9))
        changed[where] = random.integers(0, 256, size=len(where))
        yield changed[: random.integers(1, len(whole) + 1) if random.random() < 0.3 else None].tobytes()


def assert_result_or_reason(outcome):
    assert outcome.exception is None or isinstance(outcome.exception, SystemExit), outcome.exception
    assert outcome.exit_code == 0 or "Error: " in outcome.output


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif", "gif", "webp", "bmp"])
def test_a_mutated_picture_gives_a_result_or_a_reason(tmp_path, suffix):
    path = tmp_path / f"picture.{suffix}"
    Image.fromarray(PICTURE).save(path)
    for content in mutants(path):
        path.write_bytes(content)
        assert_result_or_reason(CliRunner().invoke(app, ["segment", str(path), "-k", "2", "-o", str(tmp_path / "out")]))


def test_a_mutated_model_file_gives_a_model_or_a_reason(tmp_path):
    path = tmp_path / "model.skseg"
    io.save(KMeansSegmenter(2, random_state=0).fit(PICTURE), path)
    for content in mutants(path):
        path.write_bytes(content)
        try:
            io.load(path).predict(PICTURE)
        except ValueError as error:
            assert "is not a model file" in str(error)  # noqa: PT017


@pytest.mark.parametrize("name", ["text.png", "-dash.png", "new\nline.png", "text.tif"])
def test_text_under_any_name_is_refused(tmp_path, name):
    (tmp_path / name).write_text("This is no picture.")
    outcome = CliRunner().invoke(app, ["segment", "-o", str(tmp_path / "out"), "--", str(tmp_path / name)])
    assert outcome.exit_code == 1
    assert_result_or_reason(outcome)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 60_000, 3), (60_000, 1, 3)])
def test_extreme_shapes_are_segmented(tmp_path, shape):
    Image.fromarray(np.zeros(shape, dtype=np.uint8)).save(tmp_path / "thin.png")
    outcome = CliRunner().invoke(app, ["segment", str(tmp_path / "thin.png"), "-o", str(tmp_path / "out")])
    assert outcome.exit_code == 0
