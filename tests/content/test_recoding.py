"""A picture as an office has it becomes one that a mail may carry: right way up, small, and without a past."""

from __future__ import annotations

import io
import random
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageDraw, PngImagePlugin

from newsletter.content.picture import MAX_BYTES, BadPictureError, Picture
from newsletter.content.recoding import COLUMN_PIXELS, MAX_HEIGHT, MAX_PIXELS, MAX_WIDTH, WANTED_BYTES, make_picture

RED, BLUE = (200, 30, 30), (30, 30, 200)
ORIENTATION, GPS, ARTIST = 0x0112, 0x8825, 0x013B


def photo(width: int, height: int, *, noise: int = 40) -> Image.Image:
    """Return something a camera could have taken: no two neighbours alike."""
    dice = random.Random(7)
    small = Image.frombytes("RGB", (64, 64), dice.randbytes(64 * 64 * 3)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    grain = Image.frombytes("RGB", (width, height), dice.randbytes(width * height * 3))
    return Image.blend(small, grain, noise / 255)


def saved(image: Image.Image, kind: str, **how: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def opened(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.data))


def near(one: object, other: tuple[int, ...], by: int = 12) -> bool:
    assert isinstance(one, tuple)
    return all(abs(a - b) <= by for a, b in zip(one, other, strict=True))


def test_the_place_and_the_person_in_a_photograph_are_gone() -> None:
    exif = Image.Exif()
    exif[ARTIST] = "Мария Луговая"
    exif.get_ifd(GPS).update({1: "N", 2: (55.0, 45.0, 21.0), 3: "E", 4: (37.0, 37.0, 2.0)})
    data = saved(
        photo(400, 300),
        "JPEG",
        exif=exif,
        comment=b"secret comment",
        xmp=b"<x:xmpmeta>secret</x:xmpmeta>",
        dpi=(72, 72),
    )
    assert Image.open(io.BytesIO(data)).getexif().get_ifd(GPS), "the test's own photograph has a place"
    result = opened(make_picture(data))
    assert not result.getexif()
    assert not {"exif", "xmp", "comment", "icc_profile", "dpi"} & set(result.info)
    for word in (b"secret", b"Exif", b"Adobe", "Мария".encode()):
        assert word not in make_picture(data).data


def test_the_words_in_a_png_are_gone() -> None:
    words = PngImagePlugin.PngInfo()
    words.add_text("Author", "secret author")
    words.add_itxt("XML:com.adobe.xmp", "secret xmp")
    data = saved(Image.new("RGB", (50, 50), RED), "PNG", pnginfo=words, dpi=(300, 300), exif=Image.Exif().tobytes())
    picture = make_picture(data)
    assert picture.suffix == "png"
    assert chunks(picture.data) == {b"IHDR", b"IDAT", b"IEND"}


def chunks(png: bytes) -> set[bytes]:
    found, at = set(), 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        found.add(png[at + 4 : at + 8])
        at += size + 12
    return found


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_the_right_way_up(orientation: int) -> None:
    upright = Image.new("RGB", (120, 80), BLUE)
    upright.paste(RED, (0, 0, 60, 40))  # the upper left quarter
    undo = {
        2: [Image.Transpose.FLIP_LEFT_RIGHT],
        3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM],
        5: [Image.Transpose.TRANSPOSE],
        6: [Image.Transpose.ROTATE_90],  # the camera was turned: stored lying, to be turned back
        7: [Image.Transpose.TRANSVERSE],
        8: [Image.Transpose.ROTATE_270],
    }.get(orientation, [])
    stored = upright
    for turn in undo:
        stored = stored.transpose(turn)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    picture = make_picture(saved(stored, "JPEG", exif=exif, quality=95))
    result = opened(picture)
    assert (result.size, picture.width, picture.height) == ((120, 80), 120, 80)
    assert near(result.getpixel((20, 15)), RED)
    assert near(result.getpixel((100, 60)), BLUE)


@pytest.mark.parametrize(
    ("size", "pixels", "shown"),
    [
        ((4000, 3000), (MAX_WIDTH, 804), (COLUMN_PIXELS, 402)),
        ((800, 600), (800, 600), (COLUMN_PIXELS, 402)),
        ((200, 100), (200, 100), (200, 100)),
        ((1, 1), (1, 1), (1, 1)),
        ((3000, 2), (MAX_WIDTH, 1), (COLUMN_PIXELS, 1)),
        ((500, 8192), (250, MAX_HEIGHT), (250, MAX_HEIGHT)),
    ],
)
def test_a_picture_is_scaled_down_to_two_dots_a_pixel_and_never_up(
    size: tuple[int, int], pixels: tuple[int, int], shown: tuple[int, int]
) -> None:
    picture = make_picture(saved(Image.new("RGB", size, RED), "JPEG"))
    assert opened(picture).size == pixels
    assert (picture.width, picture.height) == shown


@pytest.mark.parametrize(
    ("kind", "how"), [("WEBP", {"quality": 80}), ("JPEG", {}), ("PNG", {}), ("TIFF", {}), ("BMP", {})]
)
def test_a_photograph_becomes_a_progressive_jpeg_whatever_it_was(kind: str, how: dict[str, object]) -> None:
    picture = make_picture(saved(photo(500, 400), kind, **how))
    result = opened(picture)
    assert (picture.suffix, result.format) == ("jpg", "JPEG")
    assert result.info.get("progressive")


@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "TIFF"])
def test_a_drawing_stays_sharp(kind: str) -> None:
    drawing = Image.new("RGB", (600, 300), "white")
    ImageDraw.Draw(drawing).rectangle((50, 50, 550, 250), fill=BLUE)
    picture = make_picture(saved(drawing.convert("P") if kind == "GIF" else drawing, kind))
    assert picture.suffix == "png"
    assert near(opened(picture).convert("RGB").getpixel((300, 150)), BLUE, by=24 if kind == "GIF" else 0)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
def test_what_shows_through_still_does(kind: str) -> None:
    clear = Image.new("RGBA", (300, 300), (0, 0, 0, 0))
    ImageDraw.Draw(clear).ellipse((50, 50, 250, 250), fill=(*RED, 255))
    picture = make_picture(saved(clear, kind, **({"lossless": True} if kind == "WEBP" else {})))
    result = opened(picture).convert("RGBA")
    assert picture.suffix == "png"
    assert result.getpixel((5, 5))[3] == 0  # type: ignore[index]
    assert near(result.getpixel((150, 150)), (*RED, 255), by=24)


def test_a_heavy_picture_that_shows_through_gets_fewer_pixels_and_keeps_its_soft_edge() -> None:
    heavy = photo(1072, 300, noise=60)
    heavy.putalpha(Image.linear_gradient("L").resize(heavy.size))
    picture = make_picture(saved(heavy, "PNG", compress_level=1))
    result = opened(picture)
    assert (result.mode, result.width, picture.width) == ("RGBA", COLUMN_PIXELS, COLUMN_PIXELS)
    assert len(picture.data) <= WANTED_BYTES
    assert len(set(result.getchannel("A").tobytes())) > 100


def test_quality_goes_down_until_the_weight_is_right() -> None:
    light, heavy = (
        make_picture(saved(photo(1072, 900, noise=5), "JPEG")),
        make_picture(saved(photo(1072, 1400, noise=120), "JPEG", quality=95)),
    )
    assert len(light.data) <= WANTED_BYTES
    assert light.notes == ()
    assert opened(heavy).quantization != opened(light).quantization  # type: ignore[attr-defined]


def test_colours_of_another_profile_become_those_of_the_web() -> None:
    profile = swapped_profile()
    picture = make_picture(saved(Image.new("RGB", (60, 60), RED), "PNG", icc_profile=profile))
    pixel = opened(picture).convert("RGB").getpixel((30, 30))
    assert "icc_profile" not in opened(picture).info
    assert not near(pixel, RED, by=20), "the profile calls these numbers another colour"


def swapped_profile() -> bytes:
    """Return sRGB's own profile with red and blue exchanged."""
    raw = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return raw.replace(b"rXYZ", b"tXYZ", 1).replace(b"bXYZ", b"rXYZ", 1).replace(b"tXYZ", b"bXYZ", 1)


def test_a_broken_profile_is_left_out() -> None:
    data = saved(Image.new("RGB", (60, 60), RED), "PNG", icc_profile=b"no profile at all")
    assert near(opened(make_picture(data)).convert("RGB").getpixel((30, 30)), RED, by=0)


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK", "LA", "I;16"])
def test_every_kind_of_colours_is_shown_as_it_looks(mode: str) -> None:
    grey = Image.new("RGB", (40, 40), (128, 128, 128))
    if mode == "I;16":
        image = Image.new(mode, (40, 40), 128 * 257)
    else:
        image = grey.quantize(2) if mode == "P" else grey.convert(mode, dither=Image.Dither.NONE)
    result = opened(make_picture(saved(image, "TIFF" if mode == "CMYK" else "PNG"))).convert("RGB")
    assert near(result.getpixel((20, 20)), (255, 255, 255) if mode == "1" else (128, 128, 128), by=4)


def test_the_first_frame_of_a_moving_picture_is_kept_and_said() -> None:
    frames = [Image.new("RGB", (50, 50), colour) for colour in (RED, BLUE)]
    picture = make_picture(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    assert near(opened(picture).convert("RGB").getpixel((20, 20)), RED)
    assert picture.notes == ("moves: its first frame is shown",)


def test_the_same_bytes_give_the_same_name_and_others_another() -> None:
    one, other = saved(photo(300, 200), "JPEG"), saved(photo(300, 201), "JPEG")
    assert make_picture(one) == make_picture(one)
    assert make_picture(one).name != make_picture(other).name
    assert len(make_picture(one).name.partition(".")[0]) == 16


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of some hundred bytes that claims this size."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (bomb(10_000, 5_001), "50 million pixels"),
        (bomb(10_000, 9_500), "50 million pixels"),
        (bomb(60_000, 60_000), "50 million pixels"),
        (bomb(100, 100), "damaged"),
        (b"", "no kind"),
        (b"%PDF-1.7 ...", "no kind"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "no kind"),
        (b"\x89PNG\r\n\x1a\n", ""),
        (bytes(MAX_BYTES + 1), "20 MB"),
        (saved(Image.new("F", (9, 9)), "TIFF"), "instrument"),
        (saved(photo(100, 100), "JPEG")[:2000], "damaged"),
    ],
)
def test_what_cannot_be_published_is_refused_with_a_way_out(data: bytes, words: str) -> None:
    with pytest.raises(BadPictureError) as caught:
        make_picture(data)
    assert words in caught.value.message
    assert caught.value.fix
    assert MAX_PIXELS == 50_000_000


def test_a_jpeg_that_is_drawn_over_and_over_is_refused() -> None:
    data = saved(photo(300, 200), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    with pytest.raises(BadPictureError, match="too many steps"):
        make_picture(data[:last] + data[last:-2] * 3_000 + data[-2:])


def test_a_picture_that_cannot_be_made_light_is_refused() -> None:
    noise = photo(1072, 1500, noise=255)
    noise.putalpha(Image.linear_gradient("L").resize(noise.size))
    with pytest.raises(BadPictureError, match="still weighs"):
        make_picture(saved(noise, "PNG", compress_level=1))


SOUND = [
    saved(Image.new(mode, (20, 20)), kind)
    for mode, kind in (("RGB", "JPEG"), ("RGBA", "PNG"), ("P", "GIF"), ("RGB", "WEBP"), ("RGB", "TIFF"), ("RGB", "BMP"))
]


@given(
    st.sampled_from(SOUND),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
    st.integers(0, 999),
)
@settings(max_examples=200, deadline=None)
def test_a_damaged_picture_is_a_picture_or_an_error_and_nothing_else(
    data: bytes, changes: list[tuple[int, int]], end: int
) -> None:
    damaged = bytearray(data)
    for at, byte in changes:
        damaged[at % len(damaged)] = byte
    refused = picture = None
    try:
        picture = make_picture(bytes(damaged[: max(end, 1)]))
    except BadPictureError as error:
        refused = error
    assert (refused is not None and refused.fix) or (picture is not None and opened(picture).format in ("JPEG", "PNG"))
