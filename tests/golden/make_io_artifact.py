"""HDF5 files as others write them: fixed-length strings, big-endian numbers, compression, booleans, a group
(io_artifact.h5); filters that HDF5's own library lacks (io_artifact_filters.h5); scores that are whole numbers beside
labels that are floats (io_artifact_integers.h5).

h5py 3.16.0, numpy 2.4.6.   Run from the project root.
"""
import named
import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t, h5z

with h5py.File("tests/golden/io_artifact.h5", "w") as f:
    f["plain"] = np.arange(12, dtype=np.float64).reshape(3, 4) / 3
    f["big_endian"] = np.arange(-3, 3).astype(">i4")
    f["half"] = np.array([1.5, -2, np.inf], np.float16)
    f["flags"] = np.array([True, False, True])
    f["scalar"] = np.float32(2.5)
    f["fixed"] = np.array([b"cat", b"tiger", b""], "S5")
    f["texts"] = ["caf\u00e9", "", "long " * 20]
    f["table"] = np.zeros(3, [("a", "f4"), ("b", "i4")])
    f["null"] = h5py.Empty("f4")
    f["wide"] = np.array([1, 300, -5])
    f["fractions"] = np.array([1.0, 1.5])
    f["whole"] = np.array([1.0, -1.0, 0.0])
    f.create_dataset("packed", data=np.tile(np.arange(50, dtype=np.float32), (40, 1)), chunks=(16, 50), compression="gzip",
                     shuffle=True)
    f.create_dataset("zeros", data=np.zeros((300, 1000), np.float32), compression="gzip", compression_opts=9)
    f.create_dataset("never_written", shape=(1000, 1000, 1000), dtype="f4", chunks=(100, 100, 100))
    f.create_dataset("absurd", shape=(2**31, 2**31, 8), dtype="f8", chunks=(64, 64, 8))
    f.create_dataset("group/inner", data=np.arange(3.0))
    f["broken_link"] = h5py.SoftLink("/nowhere")
    f.attrs["fixed"] = np.bytes_("hello")
    f.attrs["text"] = "caf\u00e9"
    f.attrs["number"] = np.float32(0.5)
    f.attrs["integer"] = np.int16(-7)
    f.attrs["list"] = [1.0, 2.0]


def foreign(file, name, number, dim, chunk):
    """One chunk a data set, said to be packed with a filter that is not here."""
    properties = h5p.create(h5p.DATASET_CREATE)
    properties.set_chunk(chunk)
    properties.set_filter(number, h5z.FLAG_OPTIONAL)
    data = h5d.create(file.id, name.encode(), h5t.IEEE_F32LE, h5s.create_simple(dim), properties)
    data.write_direct_chunk((0,) * len(dim), b"packed some way", filter_mask=0)


with h5py.File("tests/golden/io_artifact_filters.h5", "w") as f:
    f["plain"] = np.arange(6, dtype=np.float32)
    f.create_dataset("lzf", data=np.zeros((50, 4), np.float32), compression="lzf")
    f.create_dataset("names", data=np.array([b"bus"] * 50, "S5"), compression="lzf")
    foreign(f, "zstd", 32015, (1000, 1000), (1000, 1000))
    foreign(f, "unheard_of", 40123, (4, 4), (4, 4))

with h5py.File("tests/golden/io_artifact_integers.h5", "w") as f:
    f["labels"] = np.array([[1, -1], [-1, 1], [1, -1], [0, 1]], np.float32)
    f["scores"] = np.array([[90, 5], [10, 70], [5, 20], [50, 60]], np.int16)
