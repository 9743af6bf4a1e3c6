"""Pictures and the pixels that Pillow reads from them: tests/golden/io_image/* and io_image.safetensors.

Pillow 13.0.0 (libjpeg-turbo 3.1), numpy 2.4.6, safetensors 0.8.0.   Run from the project root.
"""
import io, os, struct, zlib

import named
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
deep = rng.integers(0, 65536, (9, 7, 1)) % 600  # Pillow clips 16-bit grey at 255
keep("grey_16.png", png(deep, 16, 0))

# ---- WebP ----
pillow("lossy.webp", rgb(31, 45), quality=70)
pillow("lossless.webp", rgb(13, 22), lossless=True)
pillow("lossy_alpha.webp", Image.fromarray(scene(18, 25, 4), "RGBA"), quality=80)
pillow("lossless_alpha.webp", Image.fromarray(scene(12, 9, 4), "RGBA"), lossless=True, exact=True)
pillow("animated.webp", rgb(14, 20), save_all=True, append_images=[rgb(14, 20), rgb(14, 20)], duration=50)

# ---- GIF ----
def gif(frames, screen, palette, background=0, grey=False):
    """frames: (left, top, indices [h, w], transparent or None, local palette or None, interlaced); LZW without compression."""
    def table(colours):
        return colours.astype(np.uint8).tobytes()
    bits = max(1, int(np.ceil(np.log2(len(palette)))))
    out = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80 | (bits - 1), background, 0) + table(palette)
    for left, top, indices, transparent, local, interlaced in frames:
        h, w = indices.shape
        if transparent is not None:
            out += b"!\xf9\x04" + struct.pack("<BHB", 1, 0, transparent) + b"\0"
        own = 0x80 | (int(np.log2(len(local))) - 1) if local is not None else 0
        out += b"," + struct.pack("<HHHHB", left, top, w, h, own | (0x40 if interlaced else 0))
        out += table(local) if local is not None else b""
        order = [y for first, step in ((0, 8), (4, 8), (2, 4), (1, 2)) for y in range(first, h, step)] if interlaced else range(h)
        codes = [256]
        for i, value in enumerate(np.concatenate([indices[y] for y in order])):
            if i % 200 == 0 and i:
                codes.append(256)  # before codes grow to ten bits
            codes.append(int(value))
        codes.append(257)
        packed = sum(c << (9 * i) for i, c in enumerate(codes)).to_bytes((9 * len(codes) + 7) // 8, "little")
        out += b"\x08" + b"".join(bytes([len(packed[i:i + 255])]) + packed[i:i + 255] for i in range(0, len(packed), 255)) + b"\0"
    return out + b";"


colours = rng.integers(0, 256, (16, 3))
indices = rng.integers(0, 16, (11, 17))
pillow("plain.gif", rgb(21, 34).quantize(64))
pillow("grey.gif", Image.fromarray(scene(17, 13, 1)[..., 0]))
pillow("animated.gif", rgb(15, 19).quantize(32), save_all=True, append_images=[rgb(15, 19).quantize(32)], duration=80)
keep("interlaced.gif", gif([(0, 0, indices, None, None, True)], (17, 11), colours))
keep("small_frame.gif", gif([(3, 2, indices[:5, :7], None, None, False)], (17, 11), colours))
keep("small_frame_transparent.gif", gif([(3, 2, indices[:5, :7], 9, None, False)], (17, 11), colours))
keep("frame_beyond_screen.gif", gif([(3, 2, indices, 4, None, False)], (10, 5), colours))
keep("local_palette.gif", gif([(0, 0, indices, None, colours[::-1], False), (0, 0, indices, None, None, False)], (17, 11), colours))
keep("beyond_palette.gif", gif([(0, 0, indices + 3, None, None, False)], (17, 11), colours))

# ---- TIFF ----
for name in ("raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"):
    pillow(f"rgb_{name}.tiff", rgb(19, 27), compression=name)
pillow("rgb_jpeg.tiff", rgb(19, 27), compression="jpeg", quality=85)
pillow("rgba.tiff", Image.fromarray(scene(9, 12, 4), "RGBA"))
pillow("grey.tiff", Image.fromarray(scene(9, 12, 1)[..., 0]))
pillow("bilevel_g4.tiff", Image.fromarray(scene(23, 37, 1)[..., 0]).convert("1"), compression="group4")
pillow("bilevel.tiff", Image.fromarray(scene(23, 37, 1)[..., 0]).convert("1"))
pillow("palette.tiff", rgb(19, 18).quantize(40))
pillow("cmyk.tiff", Image.fromarray(scene(11, 13, 4), "CMYK"), compression="tiff_lzw")


def tiff(samples, bits, photometric, extra=(), order="<", planes=1, tile=None, orientation=1, rows=5):
    """samples [h, w, channels] of 4, 8 or 16 bits, uncompressed: strips or tiles, in either order of bytes, planes apart or not."""
    h, w, channels = samples.shape
    blocks = []
    parts = [samples] if planes == 1 else [samples[..., c:c + 1] for c in range(channels)]
    for part in parts:
        if tile:
            padded = np.pad(part, ((0, -h % tile), (0, -w % tile), (0, 0)))
            blocks += [padded[y:y + tile, x:x + tile] for y in range(0, h, tile) for x in range(0, w, tile)]
        else:
            blocks += [part[y:y + rows] for y in range(0, h, rows)]
    def pack(block):
        if bits == 4:
            flat = np.pad(block.reshape(len(block), -1), ((0, 0), (0, block.shape[1] % 2))).astype(np.uint8)
            return (flat[:, ::2] << 4 | flat[:, 1::2]).tobytes()
        return block.astype(order + f"u{bits // 8}").tobytes()
    data = [pack(b) for b in blocks]
    tags = {256: (3, [w]), 257: (3, [h]), 258: (3, [bits] * channels), 259: (3, [1]), 262: (3, [photometric]),
            274: (3, [orientation]), 277: (3, [channels]), 284: (3, [planes])}
    if extra:
        tags[338] = (3, list(extra))
    if tile:
        tags.update({322: (3, [tile]), 323: (3, [tile])})
    else:
        tags[278] = (3, [rows])
    at = 8
    offsets = []
    for d in data:
        offsets.append(at)
        at += len(d) + len(d) % 2
    tags[324 if tile else 273] = (4, offsets)
    tags[325 if tile else 279] = (4, [len(d) for d in data])
    body = b"".join(d + b"\0" * (len(d) % 2) for d in data)
    directory = at
    more_at, more, entries = directory + 2 + 12 * len(tags) + 4, b"", b""
    for tag, (kind, values) in sorted(tags.items()):
        value = struct.pack(order + ("H" if kind == 3 else "I") * len(values), *values)
        if len(value) > 4:
            where = struct.pack(order + "I", more_at + len(more))
            more += value
        else:
            where = value.ljust(4, b"\0")
        entries += struct.pack(order + "HHI", tag, kind, len(values)) + where
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", directory)
    return head + body + struct.pack(order + "H", len(tags)) + entries + struct.pack(order + "I", 0) + more


for n in range(1, 9):
    keep(f"oriented_{n}.tiff", tiff(scene(7, 12), 8, 2, orientation=n))
keep("tiled.tiff", tiff(scene(21, 37), 8, 2, tile=16))
keep("planes.tiff", tiff(scene(13, 9), 8, 2, planes=2))
keep("big_endian_16.tiff", tiff(rng.integers(0, 65536, (9, 7, 3)), 16, 2, order=">"))
keep("little_endian_16.tiff", tiff(rng.integers(0, 65536, (9, 7, 3)), 16, 2))
keep("associated_alpha.tiff", tiff(scene(9, 7, 4), 8, 2, extra=(1,)))
keep("grey_4.tiff", tiff(rng.integers(0, 16, (9, 7, 1)), 4, 1))
keep("grey_inverted.tiff", tiff(scene(9, 7, 1), 8, 0))
keep("grey_16.tiff", tiff(deep, 16, 1))

# ---- BMP ----
def bmp(rows, width, height, bits, palette=None, header=40, compression=0, masks=b"", colours=None, offset=None):
    """rows: as they stand in the file; height negative: from the top."""
    table = b"" if palette is None else b"".join(bytes([b, g, r]) + (b"" if header == 12 else b"\0") for r, g, b in palette)
    if header == 12:
        info = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        count = (0 if palette is None else len(palette)) if colours is None else colours
        info = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, compression, 0, 2835, 2835, count, 0) + masks
        info = info.ljust(14 + header - 14 if header > 40 else 40 + len(masks), b"\0")
    start = 14 + len(info) + len(table)
    body = b"".join(r + b"\0" * (-len(r) % 4) for r in rows)
    return b"BM" + struct.pack("<IHHI", start + len(body), 0, 0, start if offset is None else offset) + info + table + body


pillow("rgb.bmp", rgb(13, 11))
pillow("palette.bmp", rgb(13, 11).quantize(50))
pillow("grey.bmp", Image.fromarray(scene(13, 11, 1)[..., 0]))
pillow("bilevel.bmp", Image.fromarray(scene(13, 37, 1)[..., 0]).convert("1"))
bgr = scene(7, 9)[..., ::-1]
bgra = scene(7, 9, 4)
five = rng.integers(0, 65536, (7, 9)).astype("<u2")
keep("from_the_top.bmp", bmp([r.tobytes() for r in bgr], 9, -7, 24))
keep("core_header.bmp", bmp([r.tobytes() for r in bgr], 9, 7, 24, header=12))
keep("xrgb_32.bmp", bmp([r.tobytes() for r in bgra], 9, 7, 32))
keep("masks_32.bmp", bmp([r.tobytes() for r in bgra], 9, 7, 32, compression=3, masks=struct.pack("<III", 0xff0000, 0xff00, 0xff)))
keep("masks_rgba_v4.bmp", bmp([r.tobytes() for r in bgra], 9, 7, 32, header=108, compression=3, masks=struct.pack("<IIII", 0xff, 0xff00, 0xff0000, 0xff000000)))
keep("five_bits.bmp", bmp([r.tobytes() for r in five], 9, 7, 16))
keep("five_six_five.bmp", bmp([r.tobytes() for r in five], 9, 7, 16, compression=3, masks=struct.pack("<III", 0xf800, 0x7e0, 0x1f)))
nibbles = rng.integers(0, 16, (7, 10)).astype(np.uint8)
keep("palette_4.bmp", bmp([(r[::2] << 4 | r[1::2]).tobytes() for r in nibbles], 10, 7, 4, palette=colours.tolist()))
keep("palette_core.bmp", bmp([(r[::2] << 4 | r[1::2]).tobytes() for r in nibbles], 10, 7, 4, palette=colours.tolist(), header=12))
keep("palette_short.bmp", bmp([r.tobytes() for r in nibbles], 10, 7, 8, palette=colours[:9].tolist()))
keep("palette_not_in_offset.bmp", bmp([r.tobytes() for r in nibbles], 10, 7, 8, palette=np.resize(colours, (256, 3)).tolist(), colours=0, offset=54))

save_file(golden, "tests/golden/io_image.safetensors")
