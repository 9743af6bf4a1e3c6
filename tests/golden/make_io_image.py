"""Pictures and the pixels that Pillow reads from them: tests/golden/io_image/* and io_image.safetensors.

Pillow 13.0.0 (libjpeg-turbo 3.1), numpy 2.4.6, safetensors 0.8.0.   Run from the project root.
"""
import io, os, struct, zlib
import numpy as np
from PIL import Image
from safetensors.numpy import save_file

FOLDER = "tests/golden/io_image"
os.makedirs(FOLDER, exist_ok=True)
rng = np.random.default_rng(5)
golden = {}


def scene(h, w, channels=3):
    """Gradients, edges and some noise: every frequency has something to do."""
    y, x = np.mgrid[0:h, 0:w].astype(float)
    planes = [128 + 90 * np.sin(x / (3 + c) + y / (5 - c)) + 30 * ((x + 2 * y + 7 * c) % 11 > 6) for c in range(channels)]
    return np.clip(np.stack(planes, -1) + rng.normal(0, 8, (h, w, channels)), 0, 255).astype(np.uint8)


def keep(name, data, pixels=None):
    with open(f"{FOLDER}/{name}", "wb") as f:
        f.write(data)
    if pixels is None:
        pixels = np.array(Image.open(io.BytesIO(data)).convert("RGB"))
    golden[name] = np.ascontiguousarray(pixels)


def pillow(name, image, **options):
    buffer = io.BytesIO()
    image.save(buffer, name.rsplit(".")[-1].replace("jpg", "jpeg"), **options)
    keep(name, buffer.getvalue())
    return buffer.getvalue()


def rgb(h, w):
    return Image.fromarray(scene(h, w))


for tag, sampling in (("444", 0), ("422", 1), ("420", 2)):
    for kind, progressive in (("baseline", False), ("progressive", True)):
        pillow(f"{kind}_{tag}.jpg", rgb(29, 37), quality=85, subsampling=sampling, progressive=progressive)
pillow("one_pixel.jpg", rgb(1, 1), subsampling=2)
pillow("narrow_420.jpg", rgb(41, 3), quality=95, subsampling=2)
pillow("flat_420.jpg", rgb(2, 51), quality=30, subsampling=2)
pillow("whole_blocks_420.jpg", rgb(32, 48), quality=75, subsampling=2)
pillow("restarts_420.jpg", rgb(40, 33), quality=75, subsampling=2, restart_marker_blocks=2)
pillow("grey.jpg", Image.fromarray(scene(23, 19, 1)[..., 0]), quality=80)
exif = Image.Exif()
exif[0x0112] = 6
pillow("exif_rotated.jpg", rgb(20, 30), quality=85, exif=exif)
cmyk = pillow("cmyk.jpg", Image.fromarray(scene(21, 26, 4), "CMYK"), quality=90)
at = cmyk.index(b"Adobe") + 11  # the colour transform: 0 CMYK, 2 YCCK
keep("ycck.jpg", cmyk[:at] + b"\x02" + cmyk[at + 1:])


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(samples, depth, colour, interlaced=False, extra=b""):
    """samples [h, w, channels]; what Pillow does not write: any depth, Adam7 interlacing."""
    h, w, _ = samples.shape

    def rows(part):
        out = b""
        for row in part:
            flat = row.reshape(-1).astype(np.uint32)
            if depth == 16:
                out += b"\0" + flat.astype(">u2").tobytes()
            else:
                bits = ((flat[:, None] >> np.arange(depth - 1, -1, -1)) & 1).astype(np.uint8).reshape(-1)
                out += b"\0" + np.packbits(bits).tobytes()
        return out

    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1)]
    parts = [samples[y::dy, x::dx] for y, x, dy, dx in passes] if interlaced else [samples]
    raw = b"".join(rows(p) for p in parts if p.size)
    head = struct.pack(">IIBBBBB", w, h, depth, colour, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


palette = chunk(b"PLTE", rng.integers(0, 256, 48, dtype=np.uint8).tobytes())
pillow("rgb.png", rgb(17, 23))
pillow("rgba.png", Image.fromarray(scene(13, 11, 4), "RGBA"))
pillow("grey.png", Image.fromarray(scene(9, 14, 1)[..., 0]))
pillow("grey_alpha.png", Image.fromarray(scene(9, 14, 2), "LA"))
pillow("palette_8.png", rgb(19, 18).quantize(40))
pillow("palette_2.png", rgb(19, 18).quantize(4), bits=2)
pillow("palette_transparent.png", rgb(12, 15).quantize(16), transparency=3)
pillow("one_bit.png", Image.fromarray(scene(11, 21, 1)[..., 0]).convert("1"))
keep("interlaced_rgb.png", png(scene(21, 18), 8, 2, True))
keep("interlaced_palette_4.png", png(rng.integers(0, 16, (13, 19, 1)), 4, 3, True, palette))
keep("interlaced_tiny.png", png(scene(1, 3), 8, 2, True))
keep("grey_2.png", png(rng.integers(0, 4, (7, 13, 1)), 2, 0))
keep("grey_4.png", png(rng.integers(0, 16, (7, 13, 1)), 4, 0))
keep("rgb_16.png", png(rng.integers(0, 65536, (9, 7, 3)), 16, 2))
keep("rgba_16.png", png(rng.integers(0, 65536, (9, 7, 4)), 16, 6))
# Pillow clips 16-bit grey at 255, which turns such pictures white; we take the high byte, as Pillow does for 16-bit colour.
deep = rng.integers(0, 65536, (9, 7, 1))
keep("grey_16.png", png(deep, 16, 0), np.repeat((deep >> 8).astype(np.uint8), 3, -1))

save_file(golden, "tests/golden/io_image.safetensors")
