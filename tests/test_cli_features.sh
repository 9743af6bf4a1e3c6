#!/bin/sh
# Features in place of pictures: files of encode-image and encode-text give what the pictures give, those that Python writes by the page's
# lines are read, and real CLIP features of 500 pictures of MS-COCO score as told. Run from the project's root.
. tests/cli_checks.sh

cp -r "$golden/tiny_world" "$folder/world"
cd "$folder/world" || exit 1

# map EXPERIMENT: its first mAP.
map() { "$program" results "$1" --store store --json --quiet | tr -d ' \t\n' | sed 's/.*"map":\([0-9.]*\).*/\1/'; }
same() { [ -n "$1" ] && awk "BEGIN {d = $1 - $2; exit !(d < 1e-4 && d > -1e-4)}"; }

# ---- files of encode-image and encode-text ----
# TaI-DPT is published without positions in the attention pool, zero-shot CLIP with them.
pictures=$(sed 's|.*"file": "\([^"]*\)".*|images/\1|' test.jsonl)
run encode-image --clip clip --out positions.h5 $pictures
run encode-image --clip clip --pool-position off --out test.h5 $pictures
sed 's/.*"caption": "\(.*\)"}/\1/' captions.jsonl >captions.txt
run encode-text --clip clip --out captions.h5 --file captions.txt
run encode-text --clip clip --out classes.h5 "a photo of a cat." "a photo of a dog." "a photo of a bus." "a photo of a person." "a photo of a dining table."
{
    echo 'file,cat,dog,bus,person,dining table'
    sed 's/.*"file": "\([^"]*\)", "labels": \(.*\)}/\1 \2/' test.jsonl | while read -r file labels; do
        line=images/$file
        for class in cat dog bus person "dining table"; do
            case $labels in *"\"$class\""*) line=$line,1 ;; *) line=$line,0 ;; esac
        done
        echo "$line"
    done
} >labels.csv
cat >own.json <<'END'
{"models": {"tiny": {"clip": "clip"}},
 "datasets": {
   "tiny": {"kind": "folder", "classes": ["cat", "dog", "bus", "person", "dining table"], "captions": "captions.jsonl", "test": "test.jsonl",
            "images": "images/"},
   "mine": {"kind": "features", "classes": ["cat", "dog", "bus", "person", "dining table"], "class_text": "classes.h5",
            "captions": "captions.h5", "test": "test.h5", "labels": "labels.csv"},
   "bare": {"kind": "features", "classes": ["cat", "dog", "bus", "person", "dining table"], "test": "positions.h5", "labels": "labels.csv"},
   "plain": {"kind": "features", "classes": ["cat", "dog", "bus", "person", "dining table"], "class_text": "classes.h5",
             "test": "positions.h5", "labels": "labels.csv"}},
 "experiments": {
   "zs-pictures": {"dataset": "tiny", "model": "tiny", "method": "zsclip"},
   "zs-features": {"dataset": "plain", "method": "zsclip"},
   "zs-tower": {"dataset": "bare", "model": "tiny", "method": "zsclip"},
   "tai-pictures": {"dataset": "tiny", "model": "tiny", "method": "tai_dpt", "options": {"epochs": 2, "batch": 16, "class_templates": false}},
   "tai-features": {"dataset": "mine", "model": "tiny", "method": "tai_dpt", "options": {"epochs": 2, "batch": 16, "class_templates": false}},
   "no-tower": {"dataset": "mine", "method": "tai_dpt", "options": {"class_templates": false}},
   "no-class-text": {"dataset": "bare", "method": "zsclip"},
   "no-captions": {"dataset": "bare", "model": "tiny", "method": "tai", "options": {"class_templates": false}},
   "no-templates": {"dataset": "mine", "method": "comc"},
   "no-frames": {"dataset": "mine", "method": "zsclip", "options": {"templates": "clip80"}},
   "no-pictures": {"dataset": "mine", "model": "tiny", "method": "t2i_pal"},
   "no-train": {"dataset": "mine", "method": "linear_probe", "setting": "full"}}}
END
run validate own.json
check an_entry_without_a_model_is_valid test $status -eq 0
for name in zs-pictures zs-features zs-tower tai-pictures tai-features; do
    run run $name --experiments own.json --store store
    check "${name}_runs" test $status -eq 0
done
check features_score_as_the_pictures_do same "$(map zs-features)" "$(map zs-pictures)"
check a_tower_beside_features_makes_the_class_text same "$(map zs-tower)" "$(map zs-pictures)"
check prompts_are_trained_on_features_as_on_captions same "$(map tai-features)" "$(map tai-pictures)"
run run zs-features --experiments own.json --store store
check a_second_run_has_nothing_to_do remarks 'nothing to do'

run run no-tower --experiments own.json --store store;      refused a_method_that_needs_the_tower_says_so 2 '"model" that made'
run run no-class-text --experiments own.json --store store; refused without_class_text_a_model_is_needed 2 'class_text'
run run no-captions --experiments own.json --store store;   refused captions_that_are_not_given_are_asked_for 2 '"captions"'
run run no-templates --experiments own.json --store store;  refused template_sentences_are_refused 2 class_templates
run run no-frames --experiments own.json --store store;     refused other_sentences_are_refused 2 '"templates"'
run run no-pictures --experiments own.json --store store;   refused drawn_pictures_are_refused 2 'drawn pictures'
run run no-train --experiments own.json --store store;      refused a_split_that_is_not_given_is_asked_for 2 '"train"'
sed 's/"dataset": "plain", "method": "zsclip"/"dataset": "tiny", "method": "zsclip"/' own.json >missing.json
run validate missing.json;                                  refused a_model_is_needed_elsewhere 2 '"model" is missing'
run data check mine --experiments own.json --json
check features_are_counted sh -c "tr -d ' \t\n' <'$folder/out' | grep -q '\"test\":{\"images\":10,\"missing\":\[\],\"damaged\":\[\]'"

# ---- the lines of the page, with a small model in the place of OpenAI's ----
python=${PYTHON:-python3}
if "$python" -c 'import h5py, open_clip, torch, PIL, safetensors' 2>/dev/null; then
    mkdir model && cp images/0.png a.jpg && cp images/1.png b.jpg
    cat >make.py <<'END'
import json, open_clip, safetensors.torch, torch
torch.manual_seed(1)
config = {"embed_dim": 16, "quick_gelu": True, "vision_cfg": {"image_size": 32, "layers": 1, "width": 64, "patch_size": 16},
          "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 64, "heads": 1, "layers": 1}}
json.dump({"model_cfg": config, "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25]}}, open("model/open_clip_config.json", "w"))
safetensors.torch.save_file(open_clip.CLIP(**config).state_dict(), "model/open_clip_model.safetensors")
END
    awk '/^```python/ {p = 1; next} /^```/ {p = 0} p' "$root/datasets/README.md" |
        sed 's/"ViT-B-16-quickgelu", pretrained="openai"/"local-dir:model"/; s/"ViT-B-16-quickgelu"/"local-dir:model"/' >lines.py
    mv test.h5 ours.h5 && rm classes.h5
    "$python" make.py >said 2>&1 && "$python" lines.py >>said 2>&1
    cat >python.json <<'END'
{"datasets": {"mine": {"kind": "features", "classes": ["cat", "dog"], "class_text": "classes.h5", "test": "test.h5"}},
 "experiments": {"zs": {"dataset": "mine", "method": "zsclip"}}}
END
    run run zs --experiments python.json --store store
    if [ $status -eq 0 ]; then ok features_by_the_pages_lines_are_read; else bad features_by_the_pages_lines_are_read "$(tail -n 2 said "$folder/err" | tr '\n' ' ')"; fi
    run encode-image --clip model --out again.h5 a.jpg b.jpg
    cat >compare.py <<'END'
import h5py, numpy
a, b = (h5py.File(f)["global"][:] for f in ("test.h5", "again.h5"))
assert numpy.abs(a / numpy.linalg.norm(a, axis=1, keepdims=True) - b).max() < 1e-4
END
    check they_are_those_of_encode_image "$python" compare.py
else
    echo "skip features_by_the_pages_lines_are_read: $python has no h5py, torch, open_clip, Pillow and safetensors"
fi

# ---- real CLIP ViT-B/16 features of 500 pictures of MS-COCO val2017 ----
cd "$root" || exit 1
if [ -e "$shared/data/real/coco500_clip_vitb16.h5" ]; then
    suite="--experiments tests/coco500.json --store $folder/store"
    # shellcheck disable=SC2086 # words are meant
    run reproduce --suite coco500 $suite --out "$folder/report"
    check coco500_runs_whole test $status -eq 0
    maps() { "$program" results --store "$folder/store" --json --quiet | tr -d ' \t\n' | sed 's/},{/}\n{/g' | sed -n "s/.*\"experiment\":\"$1\".*\"map\":\([0-9.]*\).*/\1/p"; }
    near() { awk "BEGIN {d = $1 - $2; exit !(d < $3 && d > -$3)}"; }
    check zero_shot_scores_as_numpy_does near "$(maps zsclip-500)" 47.3405 0.0001
    check captions_in_the_images_place_too near "$(maps zsclip-500-captions)" 25.6605 0.0001
    for name in comc linear-probe-4 clip-adapter clip-adapter-4 tip-adapter-4 tip-adapter-f; do
        check "${name}_has_five_results" test "$(maps $name | wc -l)" -eq 5
    done
    check class_concepts_need_no_tower test "$(maps class-concept | wc -l)" -eq 1
    check what_standardises_zero_shot_scores_helps_them awk "BEGIN {exit !($(maps sparc-norm-500) > $(maps zsclip-500) + 5)}"
    mean() { maps "$1" | awk '{s += $1} END {print s / NR}'; }
    check labels_help awk "BEGIN {exit !($(mean clip-adapter) > $(mean zsclip))}"
else
    echo "skip real_features_score_as_told: the data (../shared/data/real/coco500_clip_vitb16.h5) are not here"
fi
finish
