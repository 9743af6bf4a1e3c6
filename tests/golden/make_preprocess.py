"""Writes tests/golden/preprocess.json (settings of transformers' image processors and of open_clip's preprocess_cfg) and
tests/golden/preprocess.safetensors: what those programs make of three of the pictures of make_resize.py for a tower of 12 pixels.

    python tests/golden/make_preprocess.py    (from the project's root)

Made with Pillow 13.0.0, torch 2.15.0, torchvision 0.29.2, transformers 5.24.0, open_clip_torch 3.3.0."""
import json

import named
import numpy as np
import transformers
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from safetensors.numpy import load_file, save_file

side = 12
square = {"height": side, "width": side}
clip = {"size": {"shortest_edge": side}, "crop_size": square}
pixels = load_file("tests/golden/resize.safetensors")
pictures = {name: Image.fromarray(pixels[f"{name}.pixels"]) for name in ("wide.jpg", "tall.jpg", "small.png")}
cases, out = [], {}

plain = {"resample": 3, "image_mean": [0.5] * 3, "image_std": [0.5] * 3}
theirs = [
    clip,
    {"size": side, "crop_size": side, "feature_extractor_type": "CLIPFeatureExtractor", "do_convert_rgb": True},
    {**clip, "image_processor_type": "CLIPImageProcessorFast", "do_pad": None, "default_to_square": False, "device": None,
     "data_format": "channels_first"},
    {"size": square, "crop_size": square},
    {"size": [side, side], "crop_size": [side, side]},
    {"size": square, "do_center_crop": False},
    {"size": {"height": 30, "width": 21}, "crop_size": side},
    {"size": side, "default_to_square": True, "do_center_crop": False},
    {"size": {"shortest_edge": 27}, "crop_size": square},
    {"size": {"shortest_edge": 9}, "crop_size": square},
    {"size": {"shortest_edge": 10}, "crop_size": square, "do_normalize": False},
    {**clip, "do_normalize": False},
    {**clip, "do_rescale": False},
    {**clip, "do_rescale": False, "do_normalize": False},
    {**clip, "rescale_factor": 1 / 127.5},
    {**clip, "rescale_factor": 0.004, "do_normalize": False},
    {**clip, "do_resize": False},
    {**clip, "image_mean": 0.5, "image_std": 0.25},
    {**clip, "image_mean": [0.1, 0.5, 0.9], "image_std": [1, 2, 0.1]},
    *({**clip, "resample": n} for n in range(6)),
    {**plain, "image_processor_type": "SiglipImageProcessor", "size": square, "do_resize": True, "do_convert_rgb": None},
    {**plain, "image_processor_type": "ViTImageProcessor", "size": side, "resample": 2},
    {**clip, "image_processor_type": "ChineseCLIPImageProcessor"},
]


def grey_level(settings):
    """One step of a byte in the result's units."""
    step = settings.get("rescale_factor", 1 / 255) if settings.get("do_rescale", True) else 1
    return step / (min(np.atleast_1d(settings.get("image_std", 0.26))) if settings.get("do_normalize", True) else 1)


def transform(settings, name, backend):
    kind = settings.get("image_processor_type", "CLIPImageProcessor").removesuffix("Fast") + backend
    result = getattr(transformers, kind).from_dict(settings)(images=pictures[name], return_tensors="np")
    return result["pixel_values"][0].transpose(1, 2, 0).astype(np.float32)


def put(kind, settings, prepare, tolerance=1e-4):
    for name in pictures:
        out[f"{len(cases)}.{name}"] = np.ascontiguousarray(prepare(name))
        assert out[f"{len(cases)}.{name}"].shape == (side, side, 3), settings
    cases.append({"kind": kind, "settings": settings, "tolerance": float(tolerance)})


for settings in theirs:
    # Where the picture is padded by an odd number the two backends part; the default one (torchvision) counts then.
    pads = settings.get("do_resize") is False or settings.get("size", {}) in ({"shortest_edge": 9}, {"shortest_edge": 10})
    put("transformers", settings, lambda name: transform(settings, name, "" if pads else "Pil"),
        1.01 * grey_level(settings) if pads else 1e-4)
    for name in pictures if settings.get("resample") not in (4, 5) else ():  # torch has no box, no hamming
        apart = np.abs(transform(settings, name, "") - out[f"{len(cases) - 1}.{name}"]).max() / grey_level(settings)
        if apart > 1.01:
            print(f"transformers' two backends differ by {apart:.1f} grey levels: {settings} {name}")

for settings in [
    {},
    {"mode": "RGB", "size": side, "mean": [0.5] * 3, "std": [0.25] * 3},
    {"size": [side, side], "mean": 0.5, "std": 0.5},
    *({"resize_mode": mode, "interpolation": filter} for mode in ("shortest", "longest", "squash") for filter in ("bicubic", "bilinear")),
    {"interpolation": "random", "resize_mode": None},
    {"resize_mode": "longest", "fill_color": 200},
]:
    given = {"size": side, **{k: v for k, v in settings.items() if v is not None}}
    put("open_clip", settings, lambda name: image_transform_v2(PreprocessCfg(**given), False)(pictures[name]).numpy().transpose(1, 2, 0))

save_file(out, "tests/golden/preprocess.safetensors")
with open("tests/golden/preprocess.json", "w") as f:
    json.dump(cases, f, indent=1)
