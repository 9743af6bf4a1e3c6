# Two score matrices and their ensemble, for tests/test_experiments_settings.c: tests/golden/ensemble.safetensors.
# numpy 2.4.6, safetensors 0.8.0. Run from the project's root: python3 tests/golden/make_ensemble.py
import named
import numpy as np
from safetensors.numpy import save_file

rng = np.random.default_rng(3)
a = rng.normal(20, 3, (40, 7)).astype(np.float32)
b = rng.normal(-1, 0.2, (40, 7)).astype(np.float32)


def normalised(s):
    s = s.astype(np.float64)
    return (s - s.min()) / (s.max() - s.min())


mixed = ((1 - 0.9) * normalised(a) + 0.9 * normalised(b)).astype(np.float32)
save_file({"a": a, "b": b, "mixed": mixed}, "tests/golden/ensemble.safetensors")
