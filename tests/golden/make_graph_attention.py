# Golden values of attention and local aggregation for tests/test_graph_attention.c.   torch 2.15.0, safetensors 0.8.0
#   python3 tests/golden/make_graph_attention.py
# Inputs are not stored: they are torch.randn after torch.manual_seed, which the program draws as well.
import named
import torch
from safetensors.torch import save_file
from torch.nn.functional import scaled_dot_product_attention

torch.set_num_threads(1)
out = {}


def attention(name, seed, batch, queries, keys, width, heads, causal):
    torch.manual_seed(seed)
    q = torch.randn(batch, queries, width)
    k = torch.randn(batch, keys, width)
    v = torch.randn(batch, keys, width)
    dy = torch.randn(batch, queries, width)
    leaves = [x.double().requires_grad_() for x in (q * 2, k * 2, v)]
    split = [x.view(batch, -1, heads, width // heads).transpose(1, 2) for x in leaves]
    mask = torch.ones(queries, keys, dtype=torch.bool).tril(keys - queries) if causal else None
    y = scaled_dot_product_attention(*split, attn_mask=mask).transpose(1, 2).reshape(batch, queries, width)
    y.backward(dy.double())
    for suffix, value in zip(("y", "dq", "dk", "dv"), [y, *[x.grad for x in leaves]]):
        out[f"{name}.{suffix}"] = value.detach().float().contiguous()


attention("self", 1, 2, 37, 37, 24, 3, False)
attention("causal", 2, 2, 37, 37, 24, 3, True)
attention("longer_keys", 3, 1, 5, 21, 16, 2, True)
attention("cross", 4, 2, 40, 17, 20, 1, False)
attention("one_query", 5, 3, 1, 50, 32, 4, False)


def aggregate(name, seed, batch, positions, classes, tau, lengths):
    torch.manual_seed(seed)
    s = torch.randn(batch, positions, classes).mul(0.3).double().requires_grad_()
    dz = torch.randn(batch, classes)
    beyond = torch.arange(positions)[None, :] >= torch.tensor(lengths)[:, None]
    w = (tau * s).masked_fill(beyond[:, :, None], -torch.inf).softmax(1)
    z = (w * s).sum(1)
    z.backward(dz.double())
    out[f"{name}.z"], out[f"{name}.ds"] = z.detach().float(), s.grad.float().contiguous()


aggregate("all_positions", 11, 2, 7, 83, 50.0, [7, 7])
aggregate("ragged", 12, 3, 9, 20, 40.0, [9, 1, 4])
aggregate("plain_mean", 13, 2, 5, 6, 0.0, [5, 3])

save_file(out, "tests/golden/graph_attention.safetensors")
