# Golden random streams for tests/test_graph_random.c.   torch 2.15.0, safetensors 0.6 or later.
#   python3 tests/golden/make_graph_random.py
# Long streams are stored as the first 64, every 97th and the last 64 values.
import named
import torch
from safetensors.torch import save_file

torch.set_num_threads(1)
out = {}


def thin(values):
    return torch.cat([values[:64], values[64:-64:97], values[-64:]]) if len(values) > 300 else values


# One stream a kind of call: randn, rand, randperm of each length, one after the other, from one seed.
lengths = list(range(1, 41)) + [3, 1000, 5, 100003, 7]
for name, draw in {"randn": torch.randn, "rand": torch.rand, "randperm": torch.randperm}.items():
    torch.manual_seed(1)
    out[name] = torch.cat([thin(draw(n)) for n in (lengths if name != "randperm" else [1, 2, 3, 17, 1000, 70000])])

# Calls of every kind mixed: the second normal of a pair waits across the others.
torch.manual_seed(2**32 + 5)
mixed, orders = [], []
for n in [1, 3, 16, 5, 33, 1, 2, 15, 17, 7]:
    mixed += [torch.randn(n), torch.rand(n)]
    orders += [torch.randperm(n), torch.randint(n, (3,)), torch.randint(2**28 - 1 + n, (2,))]
out["mixed"], out["orders"] = torch.cat(mixed), torch.cat(orders)
torch.manual_seed(9)
out["doubles"] = torch.rand(8, dtype=torch.float64)

save_file({k: v.contiguous() for k, v in out.items()}, "tests/golden/graph_random.safetensors")
