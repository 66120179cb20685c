"""Whatever stands in a TIFF file, there is an image or a ValueError that names the file, in little memory and time."""

import io as streams
import logging
import struct
import tracemalloc

import numpy as np
import pytest
import tifffile
from PIL import Image

from skseg import io

PIXELS = np.random.default_rng(0).integers(0, 255, (48, 40, 4)).astype(np.uint8)
PLACE = [
    (33550, "d", 3, (10.0, 10.0, 0.0), True),
    (33922, "d", 6, (0.0, 0.0, 0.0, 4e5, 5e6, 0.0), True),
    (34735, "H", 8, (1, 1, 0, 1, 3072, 0, 1, 32633), True),
    (42113, "s", 0, "0", True),
]
FORMS = {
    "strips": {"rowsperstrip": 5, "extratags": PLACE},
    "tiles": {"tile": (16, 16), "compression": "zlib", "extratags": PLACE},
    "BigTIFF": {"tile": (16, 32), "bigtiff": True},
    "big-endian": {"byteorder": ">", "compression": "zlib", "rowsperstrip": 9, "extratags": PLACE},
}
N_MUTANTS = 30
MOST_BYTES = 20_000_000  # that a tiny file may take, with the limit of pixels below


@pytest.fixture
def limits(monkeypatch, caplog):
    """At most a million pixels are read at once; what decoders log about a file is not of interest."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000_000)
    for decoder in ("rasterio", "tifffile"):
        caplog.set_level(logging.CRITICAL, logger=decoder)
    return monkeypatch


def written(pixels=PIXELS, **options):
    file = streams.BytesIO()
    options = {"photometric": "minisblack", "planarconfig": "contig", "metadata": None} | options
    tifffile.imwrite(file, pixels, **options)
    return bytearray(file.getvalue())


def mutants(form):
    """The bytes of a file, some changed, most of them in its tags, some cut off."""
    random, whole = np.random.default_rng(len(form)), written(PIXELS.astype(np.uint16), **FORMS[form])
    for _ in range(N_MUTANTS):
        changed = whole.copy()
        for where in random.integers(0, min(len(whole), 500), size=random.integers(1, 6)):
            changed[where : where + 4] = random.choice([b"\xff\xff\xff\xff", b"\0\0", random.bytes(1), b"\x03\0"])
        yield bytes(changed[: random.integers(1, len(whole)) if random.random() < 0.15 else None])


def read_all(path):
    """Read a file as a segmenter would."""
    for file in io.ImageFile(path).pages()[:3]:
        if file.is_large:
            file[: file.block_rows]
        else:
            np.asanyarray(file)


def set_tag(whole, code, kind, count, value):
    """Change a tag of a little-endian TIFF."""
    (begin,) = struct.unpack_from("<I", whole, 4)
    (n_tags,) = struct.unpack_from("<H", whole, begin)
    (place,) = (
        place
        for place in range(begin + 2, begin + 2 + 12 * n_tags, 12)
        if struct.unpack_from("<H", whole, place) == (code,)
    )
    struct.pack_into("<HHII", whole, place, code, kind, count, value)
    return whole


@pytest.mark.filterwarnings("ignore")  # of Pillow
@pytest.mark.parametrize("largest", [1_000_000, 1000])
@pytest.mark.parametrize("form", FORMS)
def test_a_mutated_file_gives_an_image_or_a_reason(limits, tmp_path, form, largest):
    limits.setattr(Image, "MAX_IMAGE_PIXELS", largest)
    path = tmp_path / "mutant.tif"
    for content in mutants(form):
        path.write_bytes(content)
        tracemalloc.start()
        try:
            read_all(path)
        except ValueError as error:
            assert "mutant.tif" in str(error)  # noqa: PT017
        assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
        tracemalloc.stop()


def in_palette():
    colormap = np.zeros((3, 256), dtype=np.uint16)
    return written(PIXELS[..., 0], photometric="palette", planarconfig=None, colormap=colormap, extratags=PLACE)


TILES, STRIPS, ONE_STRIP = ({"tile": (16, 16)}, {"rowsperstrip": 5}, {"rowsperstrip": 48})
HOSTILE = {
    "a width that is text": (set_tag(written(**STRIPS), 256, 2, 4, 0x31313131), "."),
    "no width": (set_tag(written(**STRIPS), 256, 4, 1, 0), "."),
    "wide tiles": (set_tag(written(**TILES), 322, 4, 1, 65520), "."),
    "high tiles": (set_tag(written(**TILES), 323, 4, 1, 2**31 - 16), "in its blocks"),
    "large tiles": (set_tag(set_tag(written(**TILES), 322, 4, 1, 65520), 323, 4, 1, 65520), "in its blocks"),
    "a high strip": (set_tag(set_tag(written(**STRIPS), 278, 4, 1, 2**32 - 1), 257, 4, 1, 2**32 - 1), "[Tt]oo large"),
    "strips that are not there": (set_tag(written(**STRIPS), 257, 4, 1, 100), "."),
    "offsets beyond the end": (set_tag(written(**ONE_STRIP), 273, 4, 1, 2**31), "."),
    "four billion offsets": (set_tag(written(**STRIPS), 273, 4, 2**32 - 1, 8), "."),
    "complex numbers": (written(PIXELS.astype(np.complex64)), "its pixels are complex64"),
    "a palette of one number": (set_tag(in_palette(), 320, 3, 1, 9), "."),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_with_its_reason(limits, tmp_path, name):
    content, reason = HOSTILE[name]
    path = tmp_path / "hostile.tif"
    path.write_bytes(bytes(content))
    tracemalloc.start()
    with pytest.raises(ValueError, match=f"hostile.tif.*{reason}"):
        read_all(path)
    assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    tracemalloc.stop()


@pytest.mark.parametrize(("form", "code"), [("strips", 273), ("tiles", 324)])
def test_a_block_beyond_the_end_of_a_file_for_pillow_is_not_read_up_to(limits, tmp_path, form, code):
    path = tmp_path / "hostile.tif"
    content = written(PIXELS[..., :3], photometric="rgb", **(TILES if form == "tiles" else STRIPS))
    with tifffile.TiffFile(streams.BytesIO(content)) as file:
        where = file.pages[0].tags[code].valueoffset
    struct.pack_into("<I", content, where + 8, 2**32 - 1)
    path.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"hostile.tif.*it is (cut off|damaged)"):
        read_all(path)
    assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    tracemalloc.stop()


def test_a_mask_of_another_size_is_refused(limits, tmp_path):
    path = tmp_path / "hostile.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(PIXELS, photometric="minisblack", planarconfig="contig", metadata=None)
        file.write(PIXELS[:5, :, 0] > 0, subfiletype=4, photometric="minisblack", metadata=None)
    with pytest.raises(ValueError, match=r"hostile.tif.* its mask has another size"):
        read_all(path)


def test_a_jpeg_larger_than_its_tile_is_refused(limits, tmp_path):
    """A JPEG of a few bytes may declare 65,535 by 65,535 pixels."""
    path = tmp_path / "hostile.tif"
    small = PIXELS[:32, :32, :3].astype(np.uint8)
    tifffile.imwrite(path, small, tile=(16, 16), compression="jpeg", photometric="rgb", extratags=PLACE[:3])
    assert np.asarray(io.ImageFile(path)).shape == small.shape
    frame = b"\xff\xc0\x00\x11\x08\x00\x10\x00\x10"
    content = path.read_bytes()
    assert frame in content
    path.write_bytes(content.replace(frame, frame[:5] + b"\xff" * 4).replace(b"\xff\xd8\xff", b"\xff\xd8\xff\xff"))
    with pytest.raises(ValueError, match=r"hostile.tif"):
        read_all(path)
    path.write_bytes(content.replace(frame, b"\xff\xe1\xff\xff" + frame[4:]))
    with pytest.raises(ValueError, match=r"hostile.tif"):
        read_all(path)
