#!/bin/sh
# palbench data: what is here of a data set, all that is missing or damaged, and where the originals are. Run from the project's root.
. tests/cli_checks.sh

# flat: the JSON of the last run without blanks.
flat() { tr -d ' \t\n' <"$folder/out"; }
has() { flat | grep -q -- "$1"; }

picture=$golden/io_image/$(ls "$golden/io_image" | grep '\.jpg$' | head -1)
voc=$folder/data/VOCdevkit/VOC2012
mkdir -p "$voc/ImageSets/Main" "$voc/Annotations" "$voc/JPEGImages"
for i in 2008_000001 2008_000002 2008_000003; do
    echo $i
    echo "<annotation><object><name>cat</name></object></annotation>" >"$voc/Annotations/$i.xml"
    cp "$picture" "$voc/JPEGImages/$i.jpg"
done >"$voc/ImageSets/Main/val.txt"
cp "$voc/ImageSets/Main/val.txt" "$voc/ImageSets/Main/train.txt"
cd "$folder" || exit 1

run data check voc2012 --root data --json
check a_whole_tree_is_all_right test $status -eq 0
check its_splits_are_counted has '"test":{"images":3,"missing":\[\],"damaged":\[\],"positives":3,"unlabelled":0,"published":5823}'
check a_split_that_it_has_not_is_not_told sh -c "! grep -q tune '$folder/out'"
check three_pictures_are_comparable_with_nobody has '"protocols":\[\]'

rm "$voc/JPEGImages/2008_000001.jpg"
head -c 600 "$picture" >"$voc/JPEGImages/2008_000003.jpg"
run data check voc2012 --root data --json
check a_split_that_cannot_be_used_ends_with_1 test $status -eq 1
check all_missing_pictures_are_named has '"missing":\["2008_000001.jpg"\]'
check all_damaged_pictures_are_named has '"damaged":\["2008_000003.jpg"\]'
run data check voc2012 --root data
check people_read_why says 'missing: .*2008_000001.jpg: it is not there'
check people_read_the_count says 'test: 3 images, 3 positive labels, 0 images without one; 1 missing, 1 damaged'
check people_read_what_to_do says 'fetch them again'

rm "$voc/ImageSets/Main/train.txt"
run data check voc2012 --root data --json
check a_broken_split_is_told_beside_the_others has '"train":{"images":0.*"unusable":".*train.txt'

# A folder of one's own, through experiments.json.
cat >own.json <<'END'
{"datasets": {"mine": {"kind": "folder", "classes": ["cat"], "test": "test.jsonl"}}}
END
cp "$picture" a.jpg
printf '{"file": "a.jpg", "labels": ["cat"]}\n{"file": "b.jpg", "labels": []}\n' >test.jsonl
run data check mine --experiments own.json --json
check a_folder_names_its_missing_pictures_too has '"test":{"images":2,"missing":\["b.jpg"\]'
cp a.jpg b.jpg
run data check mine --experiments own.json --json
check its_numbers_are_of_every_protocol has '"protocols":\["default","224-crop"'
check a_test_set_of_nobody_is_refused sh -c "! '$program' data check mine --experiments own.json --test-set official"

run data check mini --json
check the_embedded_world_is_all_there has '"dataset":"mini","splits":{"train":{"images":4000,"missing":\[\],"damaged":\[\]'
check it_is_comparable_under_its_own_protocols has '"protocols":\["mini","mini-tune"\]'

run data get coco2014
check get_tells_where says cocodataset.org
check get_tells_sizes says '13 GB'
run data get folder; refused get_of_what_is_nowhere 2 'no public data set'
run data fetch coco2014; refused an_unknown_action 2 'check or get'
run data check voc2012 --root nowhere; refused a_root_without_it 1 'VOCdevkit/VOC2012'
finish
