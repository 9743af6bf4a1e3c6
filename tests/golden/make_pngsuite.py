"""The pixels that Pillow reads from PngSuite: tests/golden/pngsuite.txt, a line "FILE WIDTH HEIGHT SHA-256 of the RGB bytes" for every
picture, "FILE refused" for those that Pillow refuses. The suite itself is read from ../shared/data/real/suites/pngsuite/png.

Pillow 13.0.0, numpy 2.4.6.   Run from the project root.
"""
import glob, hashlib, os

import named
import numpy as np
from PIL import Image

with open("tests/golden/pngsuite.txt", "w") as out:
    for path in sorted(glob.glob("../shared/data/real/suites/pngsuite/png/*.png")):
        name = os.path.basename(path)
        try:
            image = Image.open(path)
            image.load()
        except Exception:
            out.write(f"{name} refused\n")
            continue
        pixels = np.array(image.convert("RGB"))
        out.write(f"{name} {image.width} {image.height} {hashlib.sha256(pixels.tobytes()).hexdigest()}\n")
