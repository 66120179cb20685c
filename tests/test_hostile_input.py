"""Whatever stands in a file, there is a result or a reason, never a traceback."""

import json
import re
import struct
import subprocess
import sys
import zlib
from io import BytesIO

import numpy as np
import pytest
import tifffile
from click.testing import CliRunner
from PIL import Image
from skimage.data import coffee
from sklearn.pipeline import make_pipeline

from skseg import KMeansSegmenter, RegionSegmenter, WhiteBalancer, io
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


def test_the_command_does_not_show_the_log_of_tifffile(tmp_path, caplog):
    path = tmp_path / "broken.tif"
    path.write_bytes(tiff_header(16, 16).replace(struct.pack("<HH", 262, 3), struct.pack("<HH", 262, 99)))
    outcome = CliRunner().invoke(app, ["segment", str(path)])
    assert "broken.tif" in outcome.output
    assert not caplog.records
    with pytest.raises(ValueError, match=r"broken\.tif"):
        np.asarray(io.ImageFile(path))
    assert caplog.records


def test_an_animation_does_not_have_more_pages_than_it_can_hold(tmp_path):
    path, n_pages = tmp_path / "many.png", 16_000_000
    Image.fromarray(PICTURE).save(path, save_all=True, append_images=[Image.fromarray(PICTURE[::-1])])
    assert len(io.ImageFile(path).pages()) == 2
    before, after = (b"acTL" + struct.pack(">II", number, 0) for number in (2, n_pages))
    before, after = (chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in (before, after))
    assert before in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(before, after))
    with pytest.raises(ValueError, match=rf"many\.png.*it declares {n_pages} pages, more than its bytes can hold"):
        io.ImageFile(path).pages()


@pytest.mark.parametrize(
    "estimator",
    [
        KMeansSegmenter(2, random_state=0),
        WhiteBalancer(light=PICTURE[:2, :2]),
        make_pipeline(WhiteBalancer(), KMeansSegmenter(2, random_state=0)),
        make_pipeline(WhiteBalancer(), RegionSegmenter(KMeansSegmenter(2, random_state=0))),
    ],
    ids=["clusters", "balancer", "balanced", "regions"],
)
def test_a_mutated_model_file_gives_a_model_or_a_reason(estimator, tmp_path):
    path = tmp_path / "model.skseg"
    io.save(estimator.fit(PICTURE), path)
    for content in mutants(path):
        path.write_bytes(content)
        try:
            io.load(path).transform(PICTURE)
        except ValueError as error:
            assert "is not a model file" in str(error)  # noqa: PT017


def tiff_header(width, height, bits=8):
    """The first bytes of a TIFF that declares a size and holds nothing."""
    tags = [(256, 4, width), (257, 4, height), (258, 3, bits), (259, 3, 1), (262, 3, 1), (273, 4, 8), (279, 4, 1)]
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + bytes(4)


def png_header(width, height):
    """The first bytes of a PNG that declares a size and holds nothing."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(1000))
    chunks = [
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in (header, data)
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def as_bytes(picture, kind, **options):
    file = BytesIO()
    Image.fromarray(picture).save(file, kind, **options)
    return file.getvalue()


def looping_tiff():
    """A TIFF whose page is followed by itself."""
    whole = bytearray(as_bytes(PICTURE, "tiff"))
    (begin,) = struct.unpack_from("<I", whole, 4)
    (n_tags,) = struct.unpack_from("<H", whole, begin)
    struct.pack_into("<I", whole, begin + 2 + 12 * n_tags, begin)
    return bytes(whole)


REFUSED = {
    "nothing.png": b"",
    "zeros.png": bytes(5000),
    "zeros.tif": bytes(5000),
    "text.png": b"This is no picture.",
    "text.jpg": b"\xff\xd8\xff This is no picture.",
    "cut.jpg": as_bytes(PICTURE, "jpeg")[:300],
    "cut.png": as_bytes(PICTURE, "png")[:300],
    "cut.tif": as_bytes(PICTURE, "tiff")[:300],
    "bomb.png": png_header(60_000, 60_000),
    "bomb.tif": tiff_header(200_000, 200_000),
    "large.png": png_header(20_000, 9_000),
    "large.tif": tiff_header(12_000, 12_000, bits=16),
    "deep.tif": tiff_header(4, 4, bits=60_000),
    "-dash.png": b"This is no picture.",
    "new\nline.png": b"This is no picture.",
    "\udcff.png": b"This is no picture.",
    "[bold]{0}%s.png": b"This is no picture.",
}
if sys.platform != "linux":  # other systems refuse these names themselves
    del REFUSED["new\nline.png"], REFUSED["\udcff.png"]
SEGMENTED = {
    "one.png": as_bytes(PICTURE[:1, :1], "png"),
    "thin.png": as_bytes(np.zeros((60_000, 1, 3), np.uint8), "png"),
    "flat.png": as_bytes(np.zeros((1, 65_535, 3), np.uint8), "png"),
    "widest.jpg": as_bytes(np.zeros((2, 65_500, 3), np.uint8), "jpeg"),
    "exif.jpg": as_bytes(PICTURE, "jpeg", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff"),
    "png.jpg": as_bytes(PICTURE, "png"),
    "jpeg.tif": as_bytes(PICTURE, "jpeg"),
    "loop.tif": looping_tiff(),
}


@pytest.fixture(scope="module")
def run_on_corpus(tmp_path_factory):
    """The command on each hostile file by itself, all in one process: what it said, and on Linux its peak of memory."""
    folder = tmp_path_factory.mktemp("corpus")
    for name, content in (REFUSED | SEGMENTED).items():
        (folder / name).write_bytes(content)
    code = r"""if True:
        import json, os, pathlib, re
        from click.testing import CliRunner
        from skseg.cli import app
        outcomes = {}
        for name in os.listdir("."):
            outcome = CliRunner().invoke(app, ["segment", "-k", "2", "-o", "out", "--overwrite", "--", name])
            outcomes[name] = [outcome.exit_code, repr(outcome.exception), outcome.output]
        status = pathlib.Path("/proc/self/status")
        peak = re.search(r"VmHWM:\s+(\d+)", status.read_text())[1] if status.exists() else 0
        print(json.dumps([outcomes, int(peak)]))
    """
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=300, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_no_picture_is_refused_in_one_line_whatever_its_name(run_on_corpus, name):
    exit_code, _, output = run_on_corpus[0][name]
    assert exit_code == 1
    assert re.fullmatch("Error: Cannot read .+ as an image: .+\n", output)


@pytest.mark.parametrize("name", SEGMENTED)
def test_a_strange_picture_is_segmented(run_on_corpus, name):
    assert run_on_corpus[0][name][0] == 0, run_on_corpus[0][name]


def test_no_file_takes_more_memory_than_half_a_gigabyte(run_on_corpus):
    assert run_on_corpus[1] < 1 << 19  # kilobytes


def test_many_bytes_in_few_pixels_are_refused_too(tmp_path):
    bands = {"shape": (1000, 1000, 100), "dtype": np.float64, "photometric": "minisblack", "planarconfig": "contig"}
    tifffile.imwrite(tmp_path / "deep.tif", **bands)
    with pytest.raises(ValueError, match="it has 200000000 pixels, more than the"):
        np.asarray(io.ImageFile(tmp_path / "deep.tif"))


def test_a_volume_in_a_page_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "volume.tif", np.zeros((16, 32, 32), np.uint16), volumetric=True, tile=(16, 32, 32))
    with pytest.raises(ValueError, match="flat images can be read"):
        np.asarray(io.ImageFile(tmp_path / "volume.tif"))
