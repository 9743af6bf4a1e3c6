#!/bin/sh
# The suite `paper` rehearsed on made-up trees in the layouts in which VOC2007, MS-COCO and NUS-WIDE are published, with random weights: every table
# reaches the report, twice, the second time with nothing to do; and each part that is missing costs its rows and nothing else.
# Run from the project's root. PAPER_CLIP and PAPER_SD name other checkpoints than the tiny ones (tests/golden/check_paper_full.py: random weights of
# RN50, RN101, ViT-B-16 and Stable Diffusion 1.5), PAPER_LIMIT another number of pictures than 6, PAPER_SEEDS other seeds than [1], PAPER_GENERATE
# other settings of the models' "generate" (say "steps": 1, "size": 256), PAPER_WORK a folder to work in, which stays, so that a run that was stopped goes on.
. tests/cli_checks.sh
if [ -n "${PAPER_WORK:-}" ]; then
    rm -rf "$folder"
    trap - EXIT
    mkdir -p "$PAPER_WORK"
    folder=$(realpath "$PAPER_WORK")
    rm -rf "$folder/data" "$folder/reports"
fi
limit=${PAPER_LIMIT:-6} seeds=${PAPER_SEEDS:-[1]}
pictures=24
data=$folder/data
seconds=$(date +%s)

# ---- trees ----

# picture N FILE: one of ten small pictures under a name of the data set's own.
picture() { cp "$golden/tiny_world/images/$(($1 % 10)).png" "$2"; }
# The names of the first pictures of a real list, or made-up ones: names LIST FIRST.
names() {
    if [ -s "$1" ]; then sed 's/[ \r].*//' "$1" | head -$pictures
    else i=0; while [ $i -lt $pictures ]; do printf '%06d\n' $(($2 + i)); i=$((i + 1)); done; fi
}

voc_tree() {
    voc=$data/VOCdevkit/VOC2007 real=$shared/data/real/voc
    lists=$(find "$real" -type d -name Main 2>/dev/null | head -1)
    mkdir -p "$voc/ImageSets/Main" "$voc/JPEGImages" "$voc/Annotations"
    for split in test trainval; do
        names "$lists/$split.txt" $([ $split = test ] && echo 1 || echo 5001) >"$voc/ImageSets/Main/$split.txt"
        i=0
        while read -r name; do
            picture $i "$voc/JPEGImages/$name.jpg"
            i=$((i + 1))
        done <"$voc/ImageSets/Main/$split.txt"
        k=0
        for class in aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person pottedplant sheep sofa train \
            tvmonitor; do
            awk -v k=$k '{ v = -1; if ((NR + k) % 5 == 0) v = 1; if ((NR + k) % 11 == 0) v = 0; printf "%s %2d\n", $1, v }' \
                "$voc/ImageSets/Main/$split.txt" >"$voc/ImageSets/Main/${class}_$split.txt"
            k=$((k + 1))
        done
    done
}

# instances FOLDER FIRST: annotations/instances_FOLDER.json, two instances a picture, every class in some.
instances() {
    mkdir -p "$coco/$1"
    {
        printf '{"images": ['
        i=0
        while [ $i -lt $pictures ]; do
            name=$(printf 'COCO_%s_%012d.jpg' "$1" $(($2 + i)))
            picture $i "$coco/$1/$name"
            [ $i -gt 0 ] && printf ', '
            printf '{"id": %d, "file_name": "%s", "width": 32, "height": 32}' $(($2 + i)) "$name"
            i=$((i + 1))
        done
        printf '], "annotations": ['
        awk -v n=$pictures -v first="$2" -v ids="$ids" 'BEGIN { c = split(ids, id, " ");
            for (i = 0; i < 2 * c; i++) printf "%s{\"id\": %d, \"image_id\": %d, \"category_id\": %d, \"iscrowd\": 0, \"bbox\": [0, 0, 9, 9]}",
                i ? ", " : "", i + 1, first + i % (n - 1), id[i % c + 1] }'
        printf '], "categories": %s}\n' "$categories"
    } >"$coco/annotations/instances_$1.json"
}

coco_tree() {
    coco=$data/COCO
    mkdir -p "$coco/annotations"
    set -- person bicycle car motorcycle airplane bus train truck boat "traffic light" "fire hydrant" "stop sign" "parking meter" bench bird cat dog \
        horse sheep cow elephant bear zebra giraffe backpack umbrella handbag tie suitcase frisbee skis snowboard "sports ball" kite "baseball bat" \
        "baseball glove" skateboard surfboard "tennis racket" bottle "wine glass" cup fork knife spoon bowl banana apple sandwich orange broccoli \
        carrot "hot dog" pizza donut cake chair couch "potted plant" bed "dining table" toilet tv laptop mouse remote keyboard "cell phone" \
        microwave oven toaster sink refrigerator book clock vase scissors "teddy bear" "hair drier" toothbrush
    categories='[' ids='' k=1
    for name; do
        [ $k -gt 1 ] && categories="$categories, "
        categories="$categories{\"id\": $k, \"name\": \"$name\"}" ids="$ids $k" k=$((k + 1))
    done
    categories="$categories]"
    instances train2014 1
    instances val2014 1001
    {
        printf '{"images": [], "annotations": ['
        k=0
        for name; do
            [ $k -gt 0 ] && printf ', '
            printf '{"id": %d, "image_id": %d, "caption": "a photo of a %s and a person"}' $k $k "$name"
            k=$((k + 1))
        done
        printf ']}\n'
    } >"$coco/annotations/captions_train2017.json"
}

nus_tree() {
    nus=$data/NUS-WIDE
    mkdir -p "$nus/ImageList" "$nus/Groundtruth/TrainTestLabels" "$nus/Flickr/actor"
    sed -n 's/^ *CLASS_NAMES("\([^"]*\)".*/\1/p' datasets/nuswide_classes.c >"$nus/Concepts81.txt"
    for part in Train Test; do
        i=0
        while [ $i -lt $pictures ]; do
            name=$(printf '%04d_%s%d.jpg' $i $([ $part = Train ] && echo 1 || echo 2) $i)
            picture $i "$nus/Flickr/actor/$name"
            printf 'actor\\%s\n' "$name"
            i=$((i + 1))
        done >"$nus/ImageList/${part}Imagelist.txt"
        k=0
        while read -r concept; do
            awk -v n=$pictures -v k=$k 'BEGIN { for (i = 0; i < n; i++) print (i + k) % 7 == 0 ? 1 : 0 }' \
                >"$nus/Groundtruth/TrainTestLabels/Labels_${concept}_$part.txt"
            k=$((k + 1))
        done <"$nus/Concepts81.txt"
    done
    for concept in dog cat sky water person window; do
        printf '{"dataset_id": "t", "image_id": "%s", "caption": "In this picture there is a %s and the sky."}\n' $concept $concept
    done >"$nus/open_images_train_v6_captions.jsonl"
}

# The three architectures as people keep them, in one folder.
checkpoints() {
    clip=${PAPER_CLIP:-$folder/clip} sd=${PAPER_SD:-$golden/pipeline}
    [ -n "${PAPER_CLIP:-}" ] && return
    mkdir -p "$clip"
    for name in RN50 RN101 ViT-B-16; do cp -r "$golden/paper_clip" "$clip/$name"; done
}

voc_tree
coco_tree
nus_tree
checkpoints
sed "s/\"generate\": {\"steps\": 20, /\"generate\": {${PAPER_GENERATE:-\"steps\": 20}, /" "$root/experiments.json" >"$folder/experiments.json"
mkdir -p "$folder/results"
cp -r "$root/results/published" "$folder/results/"
cd "$folder" || exit 1
unset CLIP SD DATA

# ---- what is missing costs its rows ----

run plan --suite paper --limit "$limit"
check nothing_named_is_a_sentence sh -c "[ $status -eq 1 ] && grep -q 'CLIP=PATH' err"
CLIP=$clip DATA=$data run plan --suite paper --limit "$limit"
check without_stable_diffusion_the_rest_is_planned test $status -eq 0
check and_the_rows_that_it_costs_are_named remarks 'left out (.*paper-t2ipal-voc2007.*SD=PATH'
check the_plan_tells_hours_and_gigabytes says 'stages to do for .* results; about'
mv "$data/NUS-WIDE" "$folder/away"
printf '{"clip": "%s", "sd": "%s", "data": "%s"}\n' "$clip" "$sd" "$data" >paths.json
run plan --suite paper --limit "$limit"
check paths_json_names_places_too test $status -eq 0
check without_a_data_set_its_rows_are_named remarks 'left out (.*paper-zsclip-nuswide.*data get nuswide'
mv "$folder/away" "$data/NUS-WIDE"
run plan --suite paper-zero-shot
[ -n "${PAPER_CLIP:-}" ] || check tiny_weights_are_not_taken_for_the_real_ones sh -c "[ $status -eq 1 ] && grep -q 'this needs RN50' err"

# ---- all of it, twice ----

run reproduce --suite paper --limit "$limit" --set "seeds=$seeds" --threads 1
check the_whole_suite_is_rehearsed test $status -eq 0
check nothing_was_left_out sh -c '! grep -q "left out" err'
for page in paper-zero-shot paper-few-shot paper-partial; do
    check "${page}_has_its_page" test -s "reports/out/$page/index.html"
    check "${page}_says_that_it_is_a_rehearsal" grep -q 'Rehearsal: ' "reports/out/$page/index.html"
    for name in voc2007 coco2014 nuswide; do check "${page}_has_$name" grep -q "$name" "reports/out/$page/report.md"; done
done
for row in "CLIP zero-shot" "SPARC" "TaI" "TaI-DPT" "CoMC" "PVP" "T2I-PAL"; do
    check "the_table_has_$(echo "$row" | tr ' ' '_')" grep -q "^| $row" reports/out/paper-zero-shot/report.md
done
check the_ablation_is_on_its_page grep -q 'T2I-PAL without the adapter' reports/out/paper-zero-shot/report.md
check published_numbers_stand_apart grep -q 'differs in' reports/out/paper-zero-shot/report.md
sed -n '/^## Beside published numbers/,/^## /p' reports/out/paper-zero-shot/report.md >beside.md
check no_difference_to_a_published_number_is_told test -s beside.md -a -z "$(grep '| \\*[+-][0-9]' beside.md)"
run reproduce --suite paper --limit "$limit" --set "seeds=$seeds" --threads 1
check the_second_time_there_is_nothing_to_do sh -c "[ $status -eq 0 ] && grep -q 'nothing to do' err"
run results --store results/store --json
check results_are_listed test $status -eq 0
echo "# $(($(date +%s) - seconds)) s, $(find results/store/score -name '*.h5' | wc -l) results"
finish
