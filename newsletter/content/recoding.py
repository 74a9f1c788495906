"""A picture as an office has it → a picture as a mail may carry it: small, of a known kind, without metadata.

What comes out holds pixels only: no place of a camera, no name of a person, no colour profile. The same bytes give
the same picture under the same Pillow, so an issue's digest is stable. Pillow parses strangers' bytes in C: it runs in
the compiling child, opens six formats only, and never decodes more than MAX_PIXELS.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib

from PIL import Image as Pillow
from PIL import ImageCms, ImageOps, UnidentifiedImageError

from newsletter.content.picture import MAX_BYTES, BadPictureError, Picture

COLUMN_PIXELS = 536  # the width of text in the theme `press`: nothing is shown wider
MAX_WIDTH = 2 * COLUMN_PIXELS  # sharp on screens with two dots to the pixel
MAX_HEIGHT = 4096
MAX_PIXELS = 50_000_000  # 200 MB once decoded; a telephone's largest has 48 million
WANTED_BYTES = 300 * 1024  # above it, quality or size goes down step by step
MAX_PUBLISHED_BYTES = 1024**2
_MAX_SCANS = 100  # of a progressive JPEG, which has some ten; each costs as much as the whole picture
_DECODED_SIDE = 3 * MAX_WIDTH // 2  # pixels, at least, of each side of a large photograph before it is scaled
_SMALL_PNG_BYTES = 100 * 1024  # a drawing stays sharp where that costs little
_QUALITIES = (82, 75, 68, 60)
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP")
_LOSSY = frozenset({"JPEG", "MPO", "WEBP"})  # MPO: what telephones call a JPEG with a second picture inside
_DAMAGED = (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, struct.error, zlib.error)


def make_picture(data: bytes) -> Picture:
    """Return the picture to publish for a file's bytes. Raises BadPictureError and nothing else."""
    if len(data) > MAX_BYTES:
        raise BadPictureError(f"is larger than {MAX_BYTES >> 20} MB", "scale it down")
    if data.startswith(b"\xff\xd8") and data.count(b"\xff\xda") > _MAX_SCANS:
        raise BadPictureError("is drawn in too many steps", "save it again")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd metadata, which is dropped anyway
        warnings.simplefilter("error", Pillow.DecompressionBombWarning)
        try:
            return _made(data)
        except (Pillow.DecompressionBombError, Pillow.DecompressionBombWarning) as error:
            raise _too_many_pixels() from error
        except UnidentifiedImageError as error:
            raise BadPictureError("is of no kind that mail programs show", "save it as JPEG or PNG") from error
        except _DAMAGED as error:
            raise BadPictureError(f"is damaged: {' '.join(str(error).split())[:80]}", "save it again") from error


def _made(data: bytes) -> Picture:
    with Pillow.open(io.BytesIO(data), formats=_FORMATS) as opened:
        if opened.width * opened.height > MAX_PIXELS:
            raise _too_many_pixels()
        kind = opened.format or ""
        notes = _notes(opened, kind)
        opened.draft(None, (_DECODED_SIDE, _DECODED_SIDE))  # a JPEG can be decoded at a half or a quarter
        image = _in_srgb(_scaled(_in_colour(ImageOps.exif_transpose(opened))), opened.info.get("icc_profile"))
    image.info.clear()  # Pillow writes a comment, a resolution or a profile that it finds here
    encoded, suffix = _encoded(image, is_lossy=kind in _LOSSY)
    if len(encoded) > MAX_PUBLISHED_BYTES:
        what = f"still weighs {len(encoded) / 1024**2:.1f} MB when scaled down"
        raise BadPictureError(what, "crop it, or save it as JPEG")
    if len(encoded) > WANTED_BYTES:
        notes += (f"weighs {len(encoded) // 1024} KB, which is slow on a telephone",)
    width = min(image.width, COLUMN_PIXELS)
    height = max(1, round(image.height * width / image.width))
    return Picture(data=encoded, suffix=suffix, width=width, height=height, notes=notes)


def _too_many_pixels() -> BadPictureError:
    return BadPictureError(f"has more than {MAX_PIXELS // 10**6} million pixels", "scale it down")


def _notes(opened: Pillow.Image, kind: str) -> tuple[str, ...]:
    if kind == "MPO" or getattr(opened, "n_frames", 1) == 1:
        return ()
    return ("has several pages: the first is shown",) if kind == "TIFF" else ("moves: its first frame is shown",)


def _in_colour(image: Pillow.Image) -> Pillow.Image:
    """Return the image as L, RGB, CMYK or, where something shows through, RGBA."""
    if image.has_transparency_data:
        clear = image.convert("RGBA")
        least, _ = clear.getchannel("A").getextrema()
        return clear if least != 255 else clear.convert("RGB")
    if image.mode.startswith("I;16"):  # Pillow's own conversion would make nearly all of it white
        return image.point(lambda value: value / 256).convert("L")
    if image.mode in ("I", "F"):
        raise BadPictureError("has numbers for colours, as from an instrument", "save it as JPEG or PNG")
    return image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB")


def _scaled(image: Pillow.Image) -> Pillow.Image:
    scale = min(1.0, MAX_WIDTH / image.width, MAX_HEIGHT / image.height)
    if scale == 1.0:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Pillow.Resampling.LANCZOS, reducing_gap=3.0)


def _in_srgb(image: Pillow.Image, profile: object) -> Pillow.Image:
    """Return the image in the colours that a mail program takes for granted; a profile it cannot use is left out."""
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    flat = image.convert("RGB") if alpha is not None else image
    if isinstance(profile, bytes) and profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            turned = ImageCms.profileToProfile(flat, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
            flat = turned if turned is not None else flat
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            flat = flat.convert("RGB")  # broken, or for another kind of colours than these
    plain = flat if flat.mode in ("L", "RGB") else flat.convert("RGB")
    if alpha is None:
        return plain
    clear = plain.convert("RGB")
    clear.putalpha(alpha)
    return clear


def _encoded(image: Pillow.Image, *, is_lossy: bool) -> tuple[bytes, str]:
    """Return bytes and suffix: PNG for what shows through and for drawings, JPEG for photographs."""
    if image.mode == "RGBA":
        return _light_png(image), "png"
    jpeg = _jpeg(image)
    if not is_lossy:
        png = _png(image)
        if len(png) <= max(len(jpeg), _SMALL_PNG_BYTES):
            return png, "png"
    return jpeg, "jpg"


def _jpeg(image: Pillow.Image) -> bytes:
    data = b""
    for quality in _QUALITIES:
        out = io.BytesIO()
        image.save(out, "JPEG", quality=quality, progressive=True, optimize=True)
        data = out.getvalue()
        if len(data) <= WANTED_BYTES:
            break
    return data


def _light_png(image: Pillow.Image) -> bytes:
    """Return a PNG, of fewer pixels where it is heavy: 256 colours would leave four steps of a soft shadow."""
    data = _png(image)
    for share in (0.75, 0.5):
        width = round(image.width * share)
        if len(data) <= WANTED_BYTES or width < COLUMN_PIXELS:
            break
        height = max(1, round(image.height * share))
        data = _png(image.resize((width, height), Pillow.Resampling.LANCZOS))
    return data


def _png(image: Pillow.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()
