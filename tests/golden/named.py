"""A generator that begins with `import named` rewrites only the cases that the command line names, all without names:

    python3 tests/golden/make_graph_core.py layer_norm adam

Everything is computed as ever, as one stream of random numbers feeds all cases; when the generator ends, what it wrote is put together
from before and after. A name stands for the files whose name holds it, for arrays of a safetensors file whose name holds it, and for
parts of a JSON file: keys, and entries of a list with a "name". What nobody named stays to the byte. A generator that can leave cases
out by itself asks `named.cases(...)` instead."""
import atexit
import json
import os
import sys

FOLDER = os.path.dirname(os.path.abspath(__file__))
FORMS = [{}, {"separators": (",", ":")}, {"indent": 0}, {"indent": 1}, {"indent": 2}]
words = [w for w in sys.argv[1:] if not w.startswith("-") and not os.path.exists(w)]  # folders and files are something else
met = set()


def is_named(name):
    hits = {w for w in words if w in name}
    met.update(hits)
    return bool(hits)


def cases(*known):
    """Those of the command line, all without; ends the program where another one is named. Nothing is put together afterwards."""
    atexit.unregister(put_together)
    unknown = [w for w in words if w not in known]
    if unknown:
        sys.exit(f"{sys.argv[0]}: no case {', '.join(unknown)}; there are {', '.join(known)}")
    return [name for name in known if name in words or not words]


def merged(old, new):
    if isinstance(old, dict) and isinstance(new, dict):
        out = {k: new[k] if k in new and is_named(k) else merged(v, new.get(k)) for k, v in old.items()}
        return out | {k: v for k, v in new.items() if k not in old and is_named(k)}
    if isinstance(old, list) and isinstance(new, list) and all(isinstance(x, dict) and "name" in x for x in old + new):
        after = {x["name"]: x for x in new}
        out = [after[x["name"]] if x["name"] in after and is_named(x["name"]) else x for x in old]
        return out + [x for x in new if x["name"] not in [y["name"] for y in old] and is_named(x["name"])]
    return old


def merged_json(path, old, new):
    value = json.loads(new)
    for form in FORMS:
        for ascii in (True, False):
            for end in ("", "\n"):
                if (json.dumps(value, ensure_ascii=ascii, **form) + end).encode() == new:
                    return (json.dumps(merged(json.loads(old), value), ensure_ascii=ascii, **form) + end).encode()
    raise ValueError(f"{path}: JSON in a form that named.py does not write")


def tensors(data):
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    about = header.pop("__metadata__", None)
    return about, {n: (t["dtype"], t["shape"], data[8 + size:][slice(*t["data_offsets"])]) for n, t in header.items()}


def merged_tensors(old_file, new_file):
    (about, new), (_, old) = tensors(new_file), tensors(old_file)
    out = {n: new[n] if n in new and is_named(n) else t for n, t in old.items()}
    out |= {n: t for n, t in new.items() if n not in old and is_named(n)}
    if out == old:
        return old_file
    header, at = {"__metadata__": about} if about else {}, 0
    widest_first = sorted(out, key=lambda n: (out[n][0].lstrip("BFIU") not in ("64",), out[n][0].lstrip("BFIU") not in ("32",), n))
    for name in widest_first:
        dtype, shape, data = out[name]
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at := at + len(data)]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + b"".join(out[n][2] for n in widest_first)


def all_files():
    """Path to time and bytes."""
    out = {}
    for folder, _, names in os.walk(FOLDER):
        for path in (os.path.join(folder, name) for name in names if not name.endswith((".py", ".pyc"))):
            with open(path, "rb") as f:
                out[path] = (os.stat(path).st_mtime_ns, f.read())
    return out


def put_together():
    after = all_files()
    written = [p for p in before.keys() | after.keys() if before.get(p) != after.get(p)]
    for path in written:
        (_, old), (_, new) = before.get(path, (0, None)), after.get(path, (0, None))
        if is_named(os.path.relpath(path, FOLDER)):
            continue
        if old is None:
            os.remove(path)
            continue
        if new and path.endswith(".safetensors"):
            old = merged_tensors(old, new)
        elif new and path.endswith(".json"):
            old = merged_json(path, old, new)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(old)
    missing = [w for w in words if w not in met]
    if missing:
        print(f"{sys.argv[0]}: no case {', '.join(missing)} in {', '.join(sorted(os.path.relpath(p, FOLDER) for p in written))}", file=sys.stderr)
        os._exit(1)


before = all_files() if words else {}
if words:
    atexit.register(put_together)
