"""Which cases a generator of this folder makes: those that the command line names, all without any. What is not named stays as it is.

    CASES = which.cases("adam", "sgd")        # at the head of a script: ends the program where another case is named
    if "adam" in CASES: ...
    which.write_json(path, {"adam": ...})     # into the file that is there: what is given replaces its like, the rest stays
    which.write_arrays(path, {"adam.x": ...}) # the same of a safetensors file; a case's arrays are those that begin with its name
"""
import json
import os
import sys


def cases(*known):
    asked = sys.argv[1:] or list(known)
    unknown = [name for name in asked if name not in known]
    if unknown:
        sys.exit(f"{sys.argv[0]}: no case {', '.join(unknown)}; there are {', '.join(known)}")
    return [name for name in known if name in asked]


def write_json(path, new, **form):
    old = {}
    if len(sys.argv) > 1 and os.path.exists(path):
        with open(path) as f:
            old = json.load(f)
    with open(path, "w") as f:
        json.dump({**old, **new}, f, **(form or {"separators": (",", ":")}))


def write_arrays(path, new, separator="."):
    from safetensors.numpy import load_file, save_file
    old = load_file(path) if len(sys.argv) > 1 and os.path.exists(path) else {}
    made = tuple({name.split(separator)[0] + separator for name in new})
    save_file({**{name: array for name, array in old.items() if not name.startswith(made)}, **new}, path)
