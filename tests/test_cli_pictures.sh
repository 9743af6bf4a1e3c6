#!/bin/sh
# Pictures that cannot be decoded, from outside: named, left out where that is asked for, and the result says so; and a checkpoint's own
# preprocessing. Run from the project's root; PALBENCH names the program (default build/palbench).
. tests/cli_checks.sh

cp -r "$golden/tiny_world" "$folder/world"
cp -r "$golden/clip/huggingface" "$folder/world/hf"
cd "$folder/world" || exit 1
head -c 200 images/3.png >short.png; cp short.png images/3.png
echo '<html><body>404</body></html>' >images/7.png

# ---- encode-image ----
run encode-image --clip clip --out xf.h5 images/0.png images/3.png
refused a_damaged_picture_is_named_with_the_way_round_it 1 "images/3.png: damaged PNG (truncated).*--skip-damaged"
run encode-image --clip clip --out f.h5 --skip-damaged images/0.png images/3.png images/5.png images/7.png
check damaged_pictures_are_left_out_when_asked test $status -eq 0
check each_one_left_out_is_said remarks "left out: images/3.png: damaged PNG"
check what_it_is_instead_is_said_too remarks "left out: images/7.png: a web page"
run encode-image --clip clip --out good.h5 images/0.png images/5.png
run encode-image --clip clip --out xf.h5 --skip-damaged --quiet images/3.png
refused nothing_left_is_a_failure 1 "none of the 1 pictures"
run encode-image --clip clip --out xf.h5 --skip-damaged --quiet images/0.png images/none.png
refused a_missing_file_is_not_left_out 1 "images/none.png: cannot open"
mkfifo images/pipe.png
run encode-image --clip clip --out xf.h5 --skip-damaged --quiet images/pipe.png
refused a_pipe_is_refused_at_once 1 "a device or a pipe"

# ---- a data set ----
run run zs --store st --quiet
refused a_data_set_stops_at_a_damaged_picture 1 "images/3.png: damaged PNG.*skip_damaged"
rm -rf st
sed 's/"kind": *"folder",/"kind": "folder", "skip_damaged": true,/' experiments.json >skip.json
run run zs --experiments skip.json --store st
check a_data_set_goes_on_without_them_when_asked test $status -eq 0
check they_are_counted remarks "2 of 10 test pictures are missing or damaged and are left out"
check and_named remarks "images/7.png: a web page"
run results --store st
check the_result_says_so says "without 2 test pictures that cannot be decoded"
run results --store st --json
check also_for_programs says "cannot be decoded"

# The report outlives pictures, and the lists of them.
mkdir away
for gone in images test.jsonl; do
    mv $gone away/
    run report --suite tiny --store st --out page-$gone
    check "a_report_is_written_without_its_$gone" test $status -eq 0 -a -s page-$gone/index.html -a -s page-$gone/results.csv
    check "that_its_${gone}_are_gone_is_said_once" test "$(grep -c 'Pictures of tiny cannot be shown' "$folder/err")" -eq 1
    check "and_stands_on_its_page_of_$gone" grep -q 'Pictures of tiny cannot be shown' page-$gone/index.html
done
mv away/* .

# A mask has a line for each picture that is left.
cat >mask.json <<'END'
{"models": {"tiny": {"clip": "clip"}},
 "datasets": {"tiny": {"kind": "folder", "classes": ["cat", "dog", "bus", "person", "dining table"], "train": "test.jsonl", "test": "test.jsonl",
                       "images": "images/", "skip_damaged": true}},
 "experiments": {"known": {"dataset": "tiny", "model": "tiny", "method": "dualcoop", "setting": {"partial": "mask.csv"}, "options": {"epochs": 1}}}}
END
for i in 1 2 3 4 5 6 7 8 9 10; do echo 0,0,0,0,0; done >mask.csv
run plan known --experiments mask.json --store masked --quiet
refused a_mask_with_lines_of_damaged_pictures_is_refused 2 "10 lines, the data set has 8 training images.*2 damaged training pictures are left out"
sed -i 1,2d mask.csv
run plan known --experiments mask.json --store masked --quiet
check a_mask_of_those_that_are_left_is_taken test $status -eq 0
# ---- a checkpoint's own preprocessing ----
encode() { printf '%s' "$1" >hf/preprocessor_config.json; run encode-image --clip hf --out hf.h5 --quiet images/0.png; }
encode '{"size": {"shortest_edge": 24}, "crop_size": 24}'
check ordinary_settings_are_taken test $status -eq 0
rm -f hf.h5
encode '{"size": {"shortest_edge": 24}, "crop_size": 24, "do_pad": true}'
refused a_key_that_is_not_obeyed_is_refused_by_name 2 "preprocessor_config.json: do_pad: not supported"
encode '{"size": {"shortest_edge": 32}, "crop_size": 32}'
refused a_size_that_the_tower_is_not_for_is_refused_by_name 1 'crop_size.*32 pixels.*24'
run encode-image --clip hf --out hf.h5 --quiet --size 32 images/0.png
check until_one_is_asked_for test $status -eq 0

finish
