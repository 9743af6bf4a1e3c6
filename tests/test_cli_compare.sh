#!/bin/sh
# compare, import-scores and reference results from outside, on the folder data set and the tiny CLIP of tests/golden/tiny_world, and on
# the published scores of ../shared where they are. Run from the project's root; PALBENCH names the program (default build/palbench).
. tests/cli_checks.sh
# The first number of a key of the last JSON output.
number() { sed -n "s/.*\"$1\":[[:space:]]*\([-0-9.e]*\).*/\1/p" "$folder/out" | head -n 1; }

cp -r "$golden/tiny_world" "$folder/world"
cd "$folder/world" || exit 1

# ---- stored results ----
run run tai-dpt zs --quiet --no-table
run run tai-dpt zs --quiet --no-table --set protocol=448-stretch
run compare tai-dpt zs --resamples 500 --json
cp "$folder/out" pair.json
check pairs_have_the_keys_of_the_interface sh -c "for key in a b diff low high p p_holm; do grep -q '\"'\$key'\":' pair.json || exit 1; done"
run compare zs tai-dpt --resamples 500 --json
check the_other_way_round_is_the_negative sh -c "echo $(number diff) | grep -q -F -- \"\$(sed -n 's/.*\"diff\":[[:space:]]*-*\([0-9.]*\).*/\1/p' pair.json | head -n 1)\""
OMP_NUM_THREADS=3 "$program" compare tai-dpt zs --resamples 500 --json >threads.json 2>/dev/null
check threads_change_nothing cmp threads.json pair.json
run compare tai-dpt zs --resamples 500 --save-resamples indices.h5 --json --quiet
check saved_resamples_are_those_that_were_used cmp "$folder/out" pair.json
run compare tai-dpt zs --resample-file indices.h5 --json --quiet
check and_given_back_they_give_the_same cmp "$folder/out" pair.json
run compare tai-dpt:scores_global tai-dpt:scores_local tai-dpt zs --resamples 200 --quiet
check every_pair_is_compared test "$(grep -c '^tai-dpt.* tai-dpt\|^tai-dpt.* zs' "$folder/out")" -eq 6
run compare tai-dpt zs --resamples 200 --format latex
check latex_has_booktabs says toprule
run compare tai-dpt zs --resamples 200 --out compared --quiet
check a_folder_gets_json_and_latex sh -c "test -s compared/comparison.json && test -s compared/comparison.tex"
if command -v gnuplot >/dev/null; then
    check and_figures sh -c "test -s compared/differences.svg && test -s compared/differences.png && test -s compared/classes.svg"
fi

run compare zs 'zs[protocol=448-stretch]';   refused other_protocols_are_refused 2 448-stretch
run compare zs 'tai-dp';                     refused names_that_begin_alike_are_listed 2 "stored are tai-dpt, tai-dpt\[protocol=448-stretch\]"
run compare zs 'zs[protocol=448]';           refused and_those_behind_a_bracket 2 "stored are zs\[protocol=448-stretch\]"
run results zs-all;                          refused without_any_nothing_is_listed 1 "palbench run zs-all$"
run results 'zs[protocol=4]';                refused results_list_them_too 1 "stored are zs\[protocol=448-stretch\]"
run compare zs nobody;                       refused unknown_result_is_refused 2 nobody
run compare zs zs:scores_none;               refused unknown_set_is_refused 2 scores_none
run compare zs tai-dpt --resample-file images/0.png; refused resamples_that_are_none_are_refused 1 images/0.png

# ---- seeds that differ in more than the seed ----
tr -d '\n' <experiments.json | sed 's/"tai-dpt": *{/"options": {"extends": "tai-dpt", "seeds": [1, 2, 3]}, "captions": {"extends": "options"}, "shots": {"dataset": "tiny", "model": "tiny", "method": "linear_probe", "setting": {"few_shot": 1}, "seeds": [1, 2, 3]}, &/; s/"test": *"test.jsonl"/"train": "test.jsonl", &/' >seeds.json
run run options captions shots --experiments seeds.json --store seeds
check seeds_that_differ_in_the_seed_are_alike sh -c "[ $status -eq 0 ] && ! grep -q 'made with different' '$folder/err'"
sed 's/"lr": 0.001/"lr": 0.002/' seeds.json >other.json
run run options --experiments other.json --store seeds --set 'seeds=[2]'
check other_options_are_told grep -q "options: seed 2 was made with different options than seed 1" "$folder/err"
head -n 50 captions.jsonl >kept.jsonl; cp captions.jsonl whole.jsonl; cp kept.jsonl captions.jsonl
run run captions --experiments seeds.json --store seeds --set 'seeds=[1]'
cp whole.jsonl captions.jsonl
check other_captions_are_told_though_they_stand_behind_the_training grep -q "captions: seeds 2, 3 were made with different captions than seed 1" "$folder/err"
run results --store seeds --quiet;  check quiet_is_quiet test ! -s "$folder/err"

# ---- reference results ----
run results --export-reference kept --quiet
check reference_results_are_written test "$(ls kept | wc -l)" -eq 4
run results --reference --reference-folder kept --json
check and_listed says '"tai-dpt"'
run compare tai-dpt zs --store nowhere --reference-folder kept --resamples 500 --quiet --json
check without_a_store_they_compare_the_same sh -c "[ $(number diff) = $(sed -n 's/.*"diff":[[:space:]]*\([-0-9.]*\).*/\1/p' pair.json | head -n 1) ]"
run compare tai-dpt reference:tai-dpt --reference-folder kept --resamples 100 --json --quiet
check a_result_equals_its_reference sh -c "[ $(number diff) = 0 ] && [ $(number low) = 0 ] && [ $(number p) = 1 ]"
cp -r kept again; run results --export-reference again --quiet
check exporting_again_gives_the_same_files diff -r kept again
cp -r kept anew; run results --reference --reference-folder anew --export-reference anew --quiet
check so_does_exporting_themselves diff -r kept anew
one=$(ls kept/*.h5 | head -n 1)
run eval "$one";                 check a_reference_holds_ranks_and_says_so says "^ranks *[0-9]"
run eval "$one" --scores scores; check who_asks_for_scores_gets_them says "^scores *[0-9]"
run import-scores "$one" --as ranked --dataset tiny
check ranks_come_in test $status -eq 0
run eval "$(ls results/store/*/ranked-*.h5)"
check and_stay_ranks sh -c "grep -q '^ranks ' '$folder/out' && ! grep -q '^scores *[0-9]' '$folder/out'"

# ---- scores of others ----
{ echo "file,dining table,cat,dog,bus,person"
  sed -n 's/.*"file": "\([^"]*\)".*/\1,0.5,0.4,0.3,0.2,0.1/p' test.jsonl | sort -r; } >theirs.csv
run import-scores theirs.csv --as theirs --dataset tiny
check scores_come_in_with_the_labels_of_the_split test $status -eq 0
run results theirs --json;                   check and_are_results says '"imported"'
run compare theirs zs --resamples 100;       check and_compare_with_ours says theirs
# A mixture with ours: theirs at ratio 1, ours at ratio 0, and rows in another order find each other by their files.
{ head -n 1 theirs.csv; tail -n +2 theirs.csv | awk -F, '{ printf "%s", $1; for (i = 2; i <= NF; i++) printf ",%g", ($i * NR * 7) % 1.3; print "" }'; } >uneven.csv
{ echo "file,cat,dog,bus,person,dining table"
  sed -n 's/.*"file": "\([^"]*\)", "labels": \(.*\)}/\1 \2/p' test.jsonl | sort -r | while read -r file labels; do
      printf '%s' "$file"
      for class in cat dog bus person "dining table"; do case $labels in *"\"$class\""*) printf ',1' ;; *) printf ',-1' ;; esac; done
      echo
  done; } >labels.csv
run import-scores uneven.csv --as uneven --dataset tiny
run import-scores uneven.csv --as backwards --dataset tiny --labels labels.csv
check labels_of_a_table_have_its_order sh -c "[ $status -eq 0 ]"
sed 's/"zs": {/"mix": {"method": "ensemble", "of": ["zs", {"stored": "uneven"}], "options": {"ratio": {"grid": [0, 0.3, 1]}}},\
    "xim": {"method": "ensemble", "of": [{"stored": "backwards"}, "zs"], "options": {"ratio": 0.7}},\
    "lost": {"method": "ensemble", "of": ["zs", {"stored": "nobody"}]}, &/' experiments.json >mixed.json
run run mix xim --experiments mixed.json --json --quiet
map_of() { tr -d '\n' <"$folder/out" | sed -n "s/.*\"experiment\":[[:space:]]*\"$1\"[^}]*\"map\":[[:space:]]*\([-0-9.]*\).*/\1/p"; }
half=$(map_of 'mix\[ratio=0.3\]') whole=$(map_of 'mix\[ratio=1\]') ours=$(map_of 'mix\[ratio=0\]') other=$(map_of xim)
run results zs uneven --json
check a_mixture_with_imported_scores_has_both_ends sh -c "[ -n '$half' ] && [ '$ours' = '$(map_of zs)' ] && [ '$whole' = '$(map_of uneven)' ]"
check and_the_rows_find_each_other_by_their_files test "$half" = "$other"
run run lost --experiments mixed.json;       refused a_lost_member_is_told_how_to_come_in 1 "import-scores FILE --as nobody"
run import-scores theirs.csv;                refused scores_without_labels_are_refused 2 --dataset
run import-scores theirs.csv --as zs --dataset tiny;  refused our_names_are_ours 2 "choose another"
run import-scores theirs.csv --dataset tiny --protocol none; refused unknown_protocol_is_refused 2 "protocol none"
sed 's/^3.png.*/3.png,1,2,nan,4,5/' theirs.csv >nan.csv
run import-scores nan.csv --dataset tiny;    refused nan_is_refused_by_line 1 "line .*nan"
sed 's/^3.png.*/3.png,1,2/' theirs.csv >ragged.csv
run import-scores ragged.csv --dataset tiny; refused ragged_line_is_refused 1 "3 fields"
sed 's/^3.png/4.png/' theirs.csv >twice.csv
run import-scores twice.csv --dataset tiny # 4.png twice is told, 3.png missing is refused
check a_file_that_stands_twice_is_told remarks "row 7, 4.png, is row 6 again"
check and_one_that_is_missing_is_refused test "$status" -eq 1
check and_that_is_named_too remarks "the image 3.png is missing"
run reproduce --suite tiny --out report --quiet
check the_report_shows_imported_results grep -q theirs report/report.md

# ---- the authors' own scores ----
if [ -r "$shared/data/taidpt_voc2007_scores.h5" ]; then
    run import-scores "$shared/data/taidpt_voc2007_scores.h5" --as taidpt
    run compare taidpt:scores_global=0.5+scores_local=0.5 taidpt:scores_global --resamples 2000 --json --quiet
    # numpy's interval over the same 2000 resamples: [1.61231293, 2.38435115]
    check merged_scores_gain_as_published sh -c "echo '$(number diff)' | grep -q '^1\.9963' && echo '$(number map)' | grep -q '^88\.0747'"
    check and_the_interval_is_that_of_numpy sh -c "echo '$(number low)' | grep -q '^1\.612312' && echo '$(number high)' | grep -q '^2\.384351'"
    run compare taidpt zs;                   refused other_images_are_refused 2 "images"
else
    echo "skip merged_scores_gain_as_published: ../shared/data is not here"
fi

finish
