"""Golden values of harness/graph's operators and optimisers from PyTorch (torch 2.15.0, safetensors 0.8.0, numpy 2.4.6).
Writes graph_core.safetensors and graph_optimiser.safetensors beside itself."""
import os

import named
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

torch.set_num_threads(1)
torch.manual_seed(5)
here = os.path.dirname(os.path.abspath(__file__))
core = {}


def keep(name, *tensors):
    for suffix, tensor in zip(("", "_dx", "_dgain", "_dbias"), tensors):
        core[name + suffix] = tensor.detach().float().contiguous()


def gradients(y, *leaves):
    """Of sum(y w), w = cos(0), cos(1), cos(2), ..."""
    w = torch.arange(y.numel(), dtype=torch.float64).cos().float().to(y.dtype).reshape(y.shape)
    return torch.autograd.grad((y * w).sum(), leaves)


# Activations, in double, over the range where float32 has something to lose.
x = torch.cat([torch.linspace(-12, 12, 997), torch.tensor([0.0, -0.0, -30.0, 30.0])]).double().requires_grad_()
core["activation_x"] = x.detach().float()
for name, f in {
    "gelu": F.gelu,
    "gelu_tanh": lambda v: F.gelu(v, approximate="tanh"),
    "quick_gelu": lambda v: v * torch.sigmoid(1.702 * v),
    "silu": F.silu,
    "sigmoid": torch.sigmoid,
    "exponential": torch.exp,
}.items():
    y = f(x)
    keep(name, y, torch.autograd.grad(y.sum(), x)[0])

# Normalisations, in double of float32 values. A mean far from 0 shows a variance computed by cancellation.
C = 12
gain = (1 + 0.5 * torch.randn(C)).double().requires_grad_()
bias = torch.randn(C).double().requires_grad_()
image = (3 * torch.randn(4, 5, 3, C) + 20).double().requires_grad_()
core["norm_x"], core["norm_gain"], core["norm_bias"] = (t.detach().float() for t in (image, gain, bias))
y = F.layer_norm(image, (C,), gain, bias, 1e-5)
keep("layer_norm", y, *gradients(y, image, gain, bias))
y = F.group_norm(image.permute(0, 3, 1, 2), 4, gain, bias, 1e-6).permute(0, 2, 3, 1)
keep("group_norm", y, *gradients(y, image, gain, bias))
mean, var = torch.zeros(C).double(), torch.ones(C).double()
for _ in range(3):  # three forwards move the running statistics three times
    y = F.batch_norm(image.permute(0, 3, 1, 2), mean, var, gain, bias, True, 0.1, 1e-5).permute(0, 2, 3, 1)
keep("batch_norm", y, *gradients(y, image, gain, bias))
core["running_mean"], core["running_var"] = mean.float(), var.float()
keep("batch_norm_folded", F.batch_norm(image.permute(0, 3, 1, 2), mean, var, gain, bias, False).permute(0, 2, 3, 1))
y = F.normalize(image, dim=-1)
keep("l2_normalise", y, *gradients(y, image))
y = F.softmax(image, dim=-1)
keep("softmax", y, *gradients(y, image))

logits = (5 * torch.randn(7, 11)).requires_grad_()
targets = torch.randint(0, 11, (7,))
core["logits"], core["targets"] = logits.detach(), targets
y = F.cross_entropy(logits, targets)
keep("cross_entropy", y, *torch.autograd.grad(y, logits))
save_file({k: v.clone().contiguous() for k, v in core.items()}, os.path.join(here, "graph_core.safetensors"))

# Optimisers: two parameters, gradients of a quartic, 20 steps with a cosine schedule and clipping in some.
optimisers = {}
start = [torch.randn(3, 5), torch.randn(7)]
optimisers["start_0"], optimisers["start_1"] = start


def run(name, make, clip=None):
    p = [t.clone().requires_grad_() for t in start]
    o = make(p)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(o, 20)
    norms, rates = [], []
    for _ in range(20):
        o.zero_grad()
        sum(((t**2 - 1) ** 2).sum() + t.sum() for t in p).backward()
        if clip:
            norms.append(torch.nn.utils.clip_grad_norm_(p, clip))
        rates.append(o.param_groups[0]["lr"])
        o.step()
        schedule.step()
    for i, t in enumerate(p):
        optimisers[f"{name}_{i}"] = t.detach()
    optimisers[f"{name}_lr"] = torch.tensor(rates, dtype=torch.float64).float()
    if clip:
        optimisers[f"{name}_norms"] = torch.stack(norms).detach()


run("sgd", lambda p: torch.optim.SGD(p, 0.01))
run("sgd_momentum", lambda p: torch.optim.SGD(p, 0.01, momentum=0.9, weight_decay=0.1))
run("adam", lambda p: torch.optim.Adam(p, 0.05, weight_decay=0.1))
run("adamw", lambda p: torch.optim.AdamW([{"params": [p[0]]}, {"params": [p[1]], "weight_decay": 0}], 0.05, betas=(0.8, 0.98), eps=1e-6, weight_decay=0.3))
run("clipped", lambda p: torch.optim.SGD(p, 0.02, momentum=0.9), clip=6.0)
save_file({k: v.clone().contiguous() for k, v in optimisers.items()}, os.path.join(here, "graph_optimiser.safetensors"))
