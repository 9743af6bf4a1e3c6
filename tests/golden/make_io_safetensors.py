"""float32 -> half and bfloat16 rounding as numpy and PyTorch do it, and files of the reference implementation.

numpy 2.4.6, torch 2.15, safetensors 0.8.0.   Run from the project root.
"""
import json

import named
import numpy as np
import torch
from safetensors.torch import save_file

rng = np.random.default_rng(3)
halves = np.arange(65536, dtype=np.uint16).view(np.float16).astype(np.float32)
halves = halves[np.isfinite(halves)]
pick = np.sort(rng.choice(halves, 600, replace=False))
between = (pick[:-1] + pick[1:]) / 2
neighbours = np.unique(halves)
low = neighbours[rng.choice(len(neighbours) - 1, 600)]
ties = (low + neighbours[np.searchsorted(neighbours, low) + 1]) / 2  # exactly half way
edges = np.array([0.0, -0.0, 65504, 65519.996, 65520, 65536, 1e30, np.inf, -np.inf, np.nan, 2**-24, 2**-25, 2**-25 * 1.0001,
                  2**-26, 6.1e-5, 2**-14, 2**-14 - 2**-25, 1e-40, -1e-40, 3.4e38, 1.00390625, 1.01171875], np.float32)
noise = (rng.normal(size=1500) * 10.0 ** rng.integers(-9, 6, 1500)).astype(np.float32)
values = np.concatenate([pick, between, ties, np.nextafter(ties, np.float32(np.inf)), np.nextafter(ties, np.float32(-np.inf)),
                         edges, noise]).astype(np.float32)
t = torch.from_numpy(values)
with np.errstate(over="ignore"):
    half = values.astype(np.float16)
assert np.array_equal(half.view(np.uint16)[~np.isnan(values)], t.half().numpy().view(np.uint16)[~np.isnan(values)])
save_file({"values": t, "half": torch.from_numpy(half), "bfloat": t.bfloat16(), "double": t.double(),
           "scalar": torch.tensor(2.5), "empty": torch.zeros(3, 0, 2), "integers": torch.arange(-3, 5),
           "bytes": torch.arange(250, 256, dtype=torch.uint8), "flags": torch.tensor([True, False, True]),
           "small": torch.arange(6, dtype=torch.int32).reshape(2, 3)},
          "tests/golden/io_safetensors.safetensors", metadata={"format": "pt", "note": 'quoted "text" \u00e9'})

save_file({"a": torch.arange(4.0)}, "tests/golden/io_shard-1.safetensors")
save_file({"b": torch.arange(6.0).reshape(2, 3).half(), "c": torch.ones(1)}, "tests/golden/io_shard-2.safetensors")
with open("tests/golden/io_shard.safetensors.index.json", "w") as f:
    json.dump({"metadata": {"total_size": 32}, "weight_map": {"a": "io_shard-1.safetensors", "b": "io_shard-2.safetensors",
                                                              "c": "io_shard-2.safetensors"}}, f)
