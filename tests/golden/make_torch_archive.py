"""Archives of torch.save and torch.jit.save, what is in them, and hostile ones: tests/golden/torch_archive/.

torch 2.15.0, numpy, safetensors.   Run from the project root; arguments name the cases to be made, none means all.
"""
import collections, copy, io, os, pickle, sys, zipfile
import torch
from safetensors.torch import save_file

FOLDER = "tests/golden/torch_archive"
os.makedirs(FOLDER, exist_ok=True)
torch.manual_seed(3)


class Inner(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = torch.nn.Linear(3, 4)
        self.norm = torch.nn.BatchNorm1d(4)
        self.heads: int = 2

    def forward(self, x):
        return self.norm(self.linear(x))


class Outer(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.visual = Inner()
        self.blocks = torch.nn.ModuleList([torch.nn.Conv2d(2, 3, 3), torch.nn.Conv2d(3, 2, 1)])
        self.scale = torch.nn.Parameter(torch.tensor(2.5))
        self.empty = torch.nn.Parameter(torch.zeros(0, 3))

    def forward(self, x):
        return self.visual(x) * self.scale


model = Outer()
weights = {k: v.clone() for k, v in model.state_dict().items()}
# Views into one storage, in other orders than rows: a transposed one, a slice with steps, a row repeated by a stride of zero.
base = torch.arange(24, dtype=torch.float32).reshape(4, 6)
strided = {"base": base, "transposed": base.t(), "steps": base[1:, ::2], "repeated": base[:1].expand(5, 6), "column": base[:, 3]}
types = {str(t).split(".")[1]: (torch.arange(6).reshape(2, 3) * 3 - 7).to(t)
         for t in (torch.float32, torch.float16, torch.bfloat16, torch.float64, torch.int64, torch.int32, torch.int16, torch.int8, torch.bool)}
types["uint8"] = torch.tensor([0, 1, 255], dtype=torch.uint8)


class Callback:
    pass


Callback.__module__ = "pytorch_lightning.callbacks.model_checkpoint"
Callback.__qualname__ = Callback.__name__ = "ModelCheckpoint"


def expected(name, tensors):
    save_file({k: v.contiguous().clone() for k, v in tensors.items()}, f"{FOLDER}/{name}.safetensors")


def plain():
    torch.save(weights, f"{FOLDER}/plain.pt")
    expected("plain", weights)


def half():
    torch.save({k: v.half() if v.is_floating_point() else v for k, v in weights.items()}, f"{FOLDER}/half.pt")


def views():
    torch.save(strided, f"{FOLDER}/views.pt")
    expected("views", strided)


def kinds():
    torch.save(types, f"{FOLDER}/kinds.pt")
    expected("kinds", types)


def nested():
    trained = copy.deepcopy(model)
    optimiser = torch.optim.Adam(trained.parameters())
    trained(torch.ones(2, 3)).sum().backward()
    optimiser.step()
    module = collections.OrderedDict(("module." + k, v) for k, v in weights.items())
    torch.save({"epoch": 3, "name": "run", "state_dict": module, "optimizer": optimiser.state_dict(),
                "lr": 0.5, "done": False, "big": 1 << 70, "none": None}, f"{FOLDER}/nested.pt")
    torch.save({"model": weights, "args": {"size": (3, 4)}}, f"{FOLDER}/under_model.pt")


def lightning():
    for name in ("pytorch_lightning", "pytorch_lightning.callbacks", "pytorch_lightning.callbacks.model_checkpoint"):
        sys.modules[name] = type(sys)(name)
    sys.modules["pytorch_lightning.callbacks.model_checkpoint"].ModelCheckpoint = Callback
    import numpy as np
    torch.save({"state_dict": weights, "global_step": 7, "callbacks": {Callback: {"best": np.float64(0.5), "dtype": np.dtype("f4")}}},
               f"{FOLDER}/lightning.ckpt")


def script():
    torch.jit.save(torch.jit.script(model.eval()), f"{FOLDER}/script.pt")


def embedding():
    torch.save({"string_to_token": {"*": 265}, "string_to_param": {"*": torch.ones(2, 4)}, "name": "cat", "step": 5}, f"{FOLDER}/embedding.pt")


def protocols():
    for protocol in (2, 3, 4, 5):
        torch.save(weights, f"{FOLDER}/protocol{protocol}.pt", pickle_protocol=protocol)


def old():
    torch.save({"w": torch.ones(2)}, f"{FOLDER}/old.pt", _use_new_zipfile_serialization=False)


def shards():
    names = list(weights)
    torch.save({k: weights[k] for k in names[::2]}, f"{FOLDER}/pytorch_model-00001-of-00002.bin")
    torch.save({k: weights[k] for k in names[1::2]}, f"{FOLDER}/pytorch_model-00002-of-00002.bin")
    import json
    json.dump({"metadata": {}, "weight_map": {k: f"pytorch_model-0000{1 + i % 2}-of-00002.bin" for i, k in enumerate(names)}},
              open(f"{FOLDER}/pytorch_model.bin.index.json", "w"))


def packed():
    """The entries of plain.pt, deflated: torch reads it too."""
    with zipfile.ZipFile(f"{FOLDER}/plain.pt") as a, zipfile.ZipFile(f"{FOLDER}/packed.pt", "w", zipfile.ZIP_DEFLATED) as b:
        for name in a.namelist():
            b.writestr(name, a.read(name))


# ---- hostile ones ----

def archive(name, data, entries=()):
    with zipfile.ZipFile(f"{FOLDER}/{name}", "w") as z:
        z.writestr("a/data.pkl", data)
        for key, value in entries:
            z.writestr(key, value)


class Calls:
    def __reduce__(self):
        return os.system, ("touch /tmp/palbench-was-here",)


TENSOR = (b"\x80\x02}q\x00(X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
          b"X%sX\x03\x00\x00\x00cpu%stQ%s(%st(%st\x89ccollections\nOrderedDict\n)RtRu.")


def tensor(key=b"0", count=b"K\x04", offset=b"K\x00", shape=b"K\x02K\x02", stride=b"K\x02K\x01"):
    return TENSOR % (len(key).to_bytes(4, "little") + key, count, offset, shape, stride)


def hostile():
    archive("calls_system.pt", pickle.dumps({"w": Calls()}, protocol=2))
    archive("calls_eval.pt", b"\x80\x02c__builtin__\neval\nX\x03\x00\x00\x001+1\x85R.")
    archive("stack_global.pt", pickle.dumps(Calls(), protocol=4))
    archive("getattr.pt", b"\x80\x02c__builtin__\ngetattr\nc__torch__\nx\nX\x01\x00\x00\x00a\x86R.")
    archive("lightning_call.pt", b"\x80\x02cpytorch_lightning.callbacks\nX\n)R.")
    archive("path_key.pt", tensor(key=b"../../etc/passwd"))
    archive("missing_entry.pt", tensor())
    archive("short_entry.pt", tensor(), [("a/data/0", b"\0" * 12)])
    archive("outside.pt", tensor(offset=b"K\x01"), [("a/data/0", b"\0" * 16)])
    archive("stride.pt", tensor(stride=b"J\xff\xff\xff\x7fK\x01"), [("a/data/0", b"\0" * 16)])
    archive("negative.pt", tensor(shape=b"J\xff\xff\xff\xffK\x02"), [("a/data/0", b"\0" * 16)])
    huge = b"\x8a\x08\x00\x00\x00\x00\x00\x00\x00\x40"
    archive("huge.pt", tensor(count=huge, shape=huge + huge), [("a/data/0", b"\0" * 16)])
    archive("good.pt", tensor(), [("a/data/0", b"\0\0\x80\x3f" * 4)])
    archive("itself.pt", b"\x80\x02}q\x00X\x01\x00\x00\x00ah\x00s.")
    laughs = b"\x80\x02}q\x00" + b"".join(b"}(X\x01\x00\x00\x00ah%cX\x01\x00\x00\x00bh%cuq%c" % (i, i, i + 1) for i in range(40)) + b"."
    archive("laughs.pt", laughs)
    archive("many.pt", b"\x80\x02" + b"]" * 2000001 + b".")
    archive("empty.pt", pickle.dumps({"a": 1}, protocol=2))
    archive("cut.pt", tensor()[:-40])
    archive("memo.pt", b"\x80\x02h\x05.")
    archive("memo_far.pt", b"\x80\x02Nr\xff\xff\xff\xff.")
    archive("no_mark.pt", b"\x80\x02t.")
    archive("under_mark.pt", b"\x80\x02N(a.")
    archive("big_endian.pt", tensor(), [("a/data/0", b"\0" * 16), ("a/byteorder", b"big")])
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as z:
        z.writestr("a/data.pkl", tensor())
    with zipfile.ZipFile(f"{FOLDER}/in_a_zip.pt", "w") as z:
        z.writestr("model/model.pt", inner.getvalue())
    with zipfile.ZipFile(f"{FOLDER}/two.pt", "w") as z:
        z.writestr("a/data.pkl", tensor())
        z.writestr("b/data.pkl", tensor())
    data = bytearray(open(f"{FOLDER}/good.pt", "rb").read())
    at = data.find(b"\0\0\x80\x3f" * 4)
    data[at + 5] ^= 1
    open(f"{FOLDER}/flipped.pt", "wb").write(data)
    # The bulk of many.pt is one opcode two million times: packed it is two kilobytes.
    with zipfile.ZipFile(f"{FOLDER}/many.pt", "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("a/data.pkl", b"\x80\x02" + b"]" * 2000001 + b".")


for make in (plain, half, views, kinds, nested, lightning, script, embedding, protocols, old, shards, packed, hostile):
    if len(sys.argv) < 2 or make.__name__ in sys.argv[1:]:
        make()
