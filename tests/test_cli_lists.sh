#!/bin/sh
# Lists and tables as people have them: names that look alike, names with underscores, pictures that stand twice, labels without a
# positive, CSV of other countries, seeds at the end of what a double holds, places where nothing can be written. Run from the project's
# root; PALBENCH names the program.
. tests/cli_checks.sh
cp -r "$golden/tiny_world" "$folder/world"
cd "$folder/world" || exit 1

# book NAME CLASSES [MORE]: NAME.json with one data set `d`, test list NAME.jsonl, experiments zs (and tai, where MORE brings captions).
book() {
    printf '{"models": {"m": {"clip": "clip"}}, "datasets": {"d": {"kind": "folder", "classes": [%s], "test": "%s.jsonl", "images": "images/"%s}},
 "experiments": {"zs": {"dataset": "d", "model": "m", "method": "zsclip"},
 "tai": {"dataset": "d", "model": "m", "method": "tai", "options": {"epochs": 1, "batch": 4, "class_templates": false}}}}' \
        "$2" "$1" "${3:-}" >"$1.json"
}
score() { run run zs --experiments "$1.json" --store "store-$1"; }

# ---- names that look alike are alike: caf\303\251 is one character, cafe\314\201 is two ----
one=$(printf 'caf\303\251') two=$(printf 'cafe\314\201')
book nfd "\"$two\", \"dog\""
printf '{"file": "0.png", "labels": ["caf\303\251"]}\n{"file": "1.png", "labels": ["dog"]}\n' >nfd.jsonl
score nfd;                               check labels_find_a_class_in_another_form says 'store-nfd/score/zs'
printf 'file,caf\303\251,dog\n0.png,1,0\n1.png,0,1\n' >composed.csv
run import-scores composed.csv --dataset d --experiments nfd.json --store store-nfd
check columns_find_a_class_in_another_form says 'mAP 100'
run label --dataset d --experiments nfd.json "a $one" "a $two"
check the_noun_filter_reads_both_forms sh -c '[ $(grep -c caf "$1") -eq 2 ]' - "$folder/out"
book twice "\"$two\", \"$one\""
run validate twice.json;                 refused a_class_in_two_forms_stands_twice 2 'stands twice'

# ---- "_" is a blank in sentences and in the noun filter ----
book under '"traffic_light", "dog"' ', "captions": "under-captions.jsonl"'
book blank '"traffic light", "dog"'
printf '{"file": "0.png", "labels": ["traffic_light"]}\n{"file": "1.png", "labels": ["dog"]}\n' >under.jsonl
sed 's/_/ /' under.jsonl >blank.jsonl
printf '{"caption": "a traffic light at night"}\n{"caption": "two traffic_lights"}\n' >under-captions.jsonl
run label --dataset d --experiments under.json "a traffic light at night" "two traffic_lights" "a light"
printf '["traffic_light"]\n["traffic_light"]\n[]\n' >want
check the_noun_filter_takes_underscores_for_blanks cmp want "$folder/out"
score under; cp "$folder/out" under.out; score blank
map_of() { awk 'END {print $(NF - 2)}' "$1"; }
check prompts_have_blanks_for_underscores test "$(map_of under.out)" = "$(map_of "$folder/out")"
run run tai --experiments under.json --store store-under
check a_class_that_no_caption_names_is_mentioned remarks '1 of its 2 classes are named by no caption: dog'

# ---- a picture that stands twice ----
book pair '"dog"'
printf '{"file": "0.png", "labels": ["dog"]}\n{"file": "1.png", "labels": []}\n{"file": "./0.png", "labels": []}\n' >pair.jsonl
score pair;                              refused a_picture_twice_with_other_labels 2 'number 3, ./0.png, is number 1 again, with other labels'
sed -i '3s/\[\]/["dog"]/' pair.jsonl; score pair
check a_picture_twice_with_the_same_labels_is_said remarks '1 of its 3 test images stand there twice (number 3, ./0.png, is number 1 again)'
printf 'file,dog\n0.png,1\n1.png,0\n0.png,1\n' >again.csv
run import-scores again.csv --dataset d --experiments pair.json --store store-pair
check the_same_at_the_door_of_imports remarks '1 of its 3 rows are of files that stand there before'
sed -i '4s/1/2/' again.csv; run import-scores again.csv --dataset d --experiments pair.json --store store-pair
refused and_other_scores_are_refused_there 1 'line 4: the file 0.png stands in line 2 already'
run encode-image --clip clip --out twice.h5 images/0.png images/1.png images/../images/0.png
check and_at_that_of_features remarks 'images/../images/0.png is images/0.png again'

# ---- no class has a positive ----
book none '"dog", "cat"'
printf '{"file": "0.png", "labels": []}\n{"file": "1.png", "labels": []}\n' >none.jsonl
score none;                              refused nothing_can_be_measured_without_a_positive 1 'no class has a positive label among its 2 test images'
printf 'file,dog,cat\n0.png,1,0\n1.png,0,1\n' >none.csv; printf 'file,dog,cat\n0.png,-1,-1\n1.png,-1,0\n' >negative.csv
run import-scores none.csv --labels negative.csv --store store-none
refused the_same_of_imports 1 'no class has a positive label'

# ---- CSV of other countries ----
printf 'file,dog,cat\n0.png,1,-1\n1.png,-1,1\n' >labels.csv
printf 'file;dog;cat\n0.png;0.5;-1.5\n1.png;0.25;2\n' >semicolon.csv
run import-scores semicolon.csv --labels labels.csv --store store-csv; check semicolons_are_found says 'mAP 100'
cp semicolon.csv .csv
run import-scores .csv --as bare --labels labels.csv --store store-csv; check a_name_that_is_an_ending_has_it says 'mAP 100'
tr ';' '\t' <semicolon.csv >tab.tsv
run import-scores tab.tsv --labels labels.csv --store store-csv;       check tabs_are_found says 'mAP 100'
sed 's/\([0-9]\)\.\([0-9]\)/\1,\2/g' semicolon.csv >comma.csv
run import-scores comma.csv --labels labels.csv --store store-csv;     refused decimal_commas_are_named 1 '"0,5" is not a finite number; write a decimal point'
tr ';' ',' <comma.csv >commas.csv
run import-scores commas.csv --labels labels.csv --store store-csv;    refused also_between_commas 1 'decimal commas?'

printf 'file,dog,\n0.png,0.5,1\n1.png,1,0.5\n' >nameless.csv
run import-scores nameless.csv --labels labels.csv --store store-csv;  refused a_column_without_a_name 1 'class 2 of 2 has no name'
# ---- seeds at the end of what a double holds: as given, or refused ----
run plan zs --set 'seeds=[9007199254740991]' --experiments pair.json --store store-seed
check the_last_seed_runs_as_itself says 'seed 9007199254740991'
for seed in 9007199254740992 9007199254740993 18446744073709551615; do
    run plan zs --set "seeds=[$seed]" --experiments pair.json --store store-seed
    refused "seed_$seed" 2 'below 2^53'
done
run generate --model "$golden/pipeline" --prompt a --images-per-caption 3 --seed 18446744073709551614 --steps 1 --size 16x16 --out x --quiet
refused a_list_of_seeds_ends_below_two_to_the_64 2 'beyond 2^64'

# ---- advice fits the reason ----
if [ "$(id -u)" -ne 0 ]; then
    mkdir locked; chmod 500 locked
    run encode-text --quiet --clip clip --out locked/t.h5 "a cat"; refused what_may_not_be_written 1 'you may not write there'
fi
run encode-text --quiet --clip clip --out nowhere/t.h5 "a cat"; refused what_has_no_folder 1 'make its folder first'
run encode-text --quiet --clip clip --out "$(printf '%0300d' 0).h5" "a cat"; refused what_has_too_long_a_name 1 'a shorter name'
mkdir empty; cd empty || exit 1
run ls datasets;   check ls_datasets_without_a_book_lists_the_known_ones says voc2007
check and_says_how_to_see_ones_own remarks '--experiments FILE'
run ls suites;     refused a_book_that_is_not_there 1 'name the experiments file with --experiments'

finish
