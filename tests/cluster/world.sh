# A world of a few seconds in which every kind of stage is cut into tasks, for tests/test_cli_cluster.sh and the scripts beside this one,
# which source it behind tests/cli_checks.sh: cluster_world FOLDER writes FOLDER/experiments.json. Its suite "tiny" draws 1250 pictures in ten
# shards and encodes them in three.
cluster_world() {
    mkdir -p "$1"
    cat >"$1/experiments.json" <<EOF
{"models": {"tiny": {"clip": "$golden/tiny_world/clip", "diffusion": "$golden/pipeline",
                     "generate": {"steps": 1, "guidance": 1, "size": 16, "scheduler": "ddim", "seed": 100}}},
 "datasets": {"tiny": {"kind": "folder", "classes": ["cat", "dog", "bus", "person", "dining table"],
                       "captions": "$golden/tiny_world/captions.jsonl", "test": "$golden/tiny_world/test.jsonl",
                       "images": "$golden/tiny_world/images/"}},
 "suites": {"tiny": ["pal", "tai-dpt", "zs"]},
 "experiments": {
  "pal": {"dataset": "tiny", "model": "tiny", "method": "t2i_pal", "seeds": [1, 2],
          "options": {"captions": 25, "images_per_caption": 50, "epochs": 1, "context": 2, "batch": 32, "class_templates": false,
                      "warmup_epochs": 0}},
  "tai-dpt": {"dataset": "tiny", "model": "tiny", "method": "tai_dpt", "seeds": [1, 2, 3], "options": {"epochs": 2, "batch": 32}},
  "zs": {"dataset": "tiny", "model": "tiny", "method": "zsclip"}}}
EOF
}

# same_store ONE OTHER: both have the same artifacts, with the same data sets, bit for bit; what a file says of when it was made and how
# long it took is not compared. Names what differs. h5dump (hdf5-tools) is needed.
same_store() {
    (cd "$1" && find . -name '*.h5' | sort) >"$folder/one.list"
    (cd "$2" && find . -name '*.h5' | sort) >"$folder/other.list"
    diff "$folder/one.list" "$folder/other.list" || return 1
    while read -r file; do
        (cd "$1" && h5dump -A 0 "$file") >"$folder/one.dump"
        (cd "$2" && h5dump -A 0 "$file") >"$folder/other.dump"
        cmp "$folder/one.dump" "$folder/other.dump" || { echo "$file differs"; return 1; }
    done <"$folder/one.list"
}

# maps STORE: the mAP of every result, to the last digit.
maps() { "$program" results --store "$1" --json | grep -E '"(experiment|seed|map)"'; }
