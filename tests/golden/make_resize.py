"""Writes tests/golden/resize.safetensors (pictures as torchvision and Pillow prepare them) and tests/golden/resize_*.{jpg,png}.

    python tests/golden/make_resize.py    (from the project's root)

Made with Pillow 13.0.0, torchvision 0.29.2, safetensors' numpy writer."""
import named
import numpy as np
from PIL import Image
from safetensors.numpy import save_file
from torchvision import transforms
from torchvision.transforms import InterpolationMode

draw = np.random.default_rng(7)
sizes = {"wide.jpg": (131, 67), "tall.jpg": (45, 118), "odd.png": (77, 33), "square.png": (40, 40), "small.png": (9, 13), "equal.png": (51, 32)}
out = {}
for name, (w, h) in sizes.items():
    y, x = np.mgrid[0:h, 0:w]
    waves = [127 + 120 * np.sin(x / (2.1 + c) + y / (3.7 - c)) for c in range(3)]
    pixels = np.clip(np.stack(waves, 2) + draw.normal(0, 30, (h, w, 3)), 0, 255).astype(np.uint8)
    path = f"tests/golden/resize_{name}"
    Image.fromarray(pixels).save(path, **({"quality": 85} if name.endswith("jpg") else {}))
    image = Image.open(path).convert("RGB")
    crop = transforms.Compose([transforms.Resize(32, interpolation=InterpolationMode.BICUBIC), transforms.CenterCrop(32)])
    out[f"{name}.pixels"] = np.asarray(image)
    out[f"{name}.crop"] = np.asarray(crop(image))
    out[f"{name}.stretch"] = np.asarray(image.resize((32, 32), Image.BICUBIC))
    for filter in Image.Resampling:
        out[f"{name}.{filter.name.lower()}"] = np.asarray(image.resize((57, 19), filter))
save_file(out, "tests/golden/resize.safetensors")
