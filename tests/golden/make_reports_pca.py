"""Principal components by numpy's eigh, for tests/test_reports_sections.c.

    python tests/golden/make_reports_pca.py     (from the project's root)     numpy 2.4.6, safetensors 0.8.0"""
import named
import numpy as np
from safetensors.numpy import save_file

rng = np.random.default_rng(7)
# Two clouds with a gap between them, as captions and images have, and directions of falling variance.
rows = rng.normal(size=(90, 24)) * np.linspace(1.5, 0.1, 24)
rows[45:] += rng.normal(size=24) * 0.4
rows = rows.astype(np.float32)
centred = rows.astype(np.float64) - rows.astype(np.float64).mean(0)
values, vectors = np.linalg.eigh(centred.T @ centred / (len(rows) - 1))
axes = vectors[:, ::-1][:, :3].T.copy()
for v in axes:
    v *= np.sign(v[np.abs(v).argmax()])
save_file({"rows": rows, "mean": rows.astype(np.float64).mean(0).astype(np.float32), "axes": axes.astype(np.float32),
           "variance": values[::-1][:3].astype(np.float32), "total": np.array([values.sum()], np.float32)},
          "tests/golden/reports_pca.safetensors")
