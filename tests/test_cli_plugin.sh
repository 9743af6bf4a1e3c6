#!/bin/sh
# Methods from shared objects: the example is built outside the tree from a copy of its folder and run on the tiny world of
# tests/golden/tiny_world; what does not fit is refused; changed code runs again, unchanged code does not. Run from the project's
# root; PALBENCH names the program (default build/palbench), which has its plugin.mk beside it.
. tests/cli_checks.sh
unset MAKEFLAGS MAKELEVEL # a make above is none of ours
build() { make -s -C "$folder/mine" PALBENCH="$(dirname "$program")" "$@" >"$folder/out" 2>"$folder/err"; status=$?; }

# ---- building ----
sed -n '/^\/\* Text residual/,/^```/p' methods/README.md | grep -v '^```' >"$folder/from-readme.c"
check the_readme_shows_the_example_as_it_is cmp "$folder/from-readme.c" methods/example_plugin/text_residual.c
cp -r methods/example_plugin "$folder/mine"; rm -f "$folder"/mine/*.so
build PALBENCH="$folder"
check a_place_without_palbench_is_named remarks "palbench is not built there"
build
check the_example_builds_outside_the_tree test -s "$folder/mine/text_residual.so"
check it_builds_without_a_warning test ! -s "$folder/err"
mkdir "$folder/install"
make -s install PREFIX="$folder/install" BUILD="$(dirname "$program")" -o all >"$folder/out" 2>"$folder/err"
cp -r methods/example_plugin "$folder/mine2"; rm -f "$folder"/mine2/*.so
make -s -C "$folder/mine2" PALBENCH="$folder/install/share/palbench" >"$folder/out" 2>"$folder/err"
check it_builds_against_an_installed_palbench_to_the_same_bytes cmp "$folder/mine/text_residual.so" "$folder/mine2/text_residual.so"
installed=$folder/install/include/palbench
check its_command_names_no_folder_of_the_source_tree sh -c "! grep -F '$root' '$folder/install/share/palbench/plugin.mk'"
sh -c "cd '$installed' && find . -name '*.h'" | sed 's|^\./||' | sort >"$folder/headers"
sed -n 's/^#include "\(.*\)"/\1/p' "$installed"/methods/palbench.h | sort >"$folder/promised"
check the_promised_headers_are_installed sh -c "test -s '$folder/promised' && ! comm -13 '$folder/headers' '$folder/promised' | grep ."
check no_private_header_is_installed sh -c "! grep _internal '$folder/headers'"

# ---- a result ----
cp -r "$golden/tiny_world" "$folder/world"
cd "$folder/world" || exit 1
plugin=../mine/text_residual.so
run ls methods --json;                   check it_is_not_there_before sh -c "! grep -q text_residual '$folder/out'"
run ls methods --plugin $plugin;         check ls_names_it_and_its_file says "text_residual .*$plugin"
run ls methods --plugin $plugin --json;  check ls_shows_its_options says '"alpha"'
write() { # write PLUGINS: the tiny world's models and data with experiments of the plugin's method
    sed -e "s|^{|{\"plugins\": $1, \"protocols\": {\"flat\": {\"pool_position\": \"off\"}},|" -e 's/"zs": {/"mine": {"dataset": "tiny", "model": "tiny", "method": "text_residual", "options": {"batch": 8, "lr": 0.1}, "seeds": [1, 2]}, &/' \
        experiments.json
}
write '[]' | sed 's/"plugins": \[\], //' >bare.json
write "[\"$plugin\"]" >mine.json
run validate bare.json;                  refused an_unknown_method_points_to_plugins 2 "text_residual.*--plugin"
run validate bare.json --plugin $plugin; check validate_takes_a_plugin says "all right"
run validate mine.json;                  check the_file_can_name_it says "all right"
check but_reading_it_loads_nothing remarks "mine.json: $plugin is not loaded here.*--plugin $plugin loads it"
run ls methods --experiments mine.json;  check ls_does_not_know_its_methods sh -c "! grep -q text_residual '$folder/out'"
check and_says_why remarks "$plugin is not loaded here"
run ls experiments --experiments mine.json
check ls_knows_the_experiments_by_name says "^mine  *text_residual .*unknown"
run ls experiments --experiments mine.json --json
check their_options_are_unknown sh -c "tr -d '[:space:]' <'$folder/out' | grep -q '\"name\":\"mine\".*\"setting\":\"unknown\".*\"options\":null'"
run plan mine --experiments mine.json;   refused they_cannot_be_planned_without_it 2 "mine: its method text_residual is not known here.*--plugin $plugin loads it"
run run mine --experiments mine.json --dry-run; refused nor_in_a_dry_run 2 "not known here"
run plan mine zs --experiments mine.json
check others_can sh -c "[ $status -eq 1 ] && grep -q 'score zs' '$folder/out'"
run plan mine --experiments mine.json --plugin $plugin
check with_it_they_can sh -c "[ $status -eq 0 ] && grep -q 'score mine' '$folder/out'"
check a_line_says_that_its_code_runs remarks "^$plugin: loading this plugin; its code runs with all your rights"
run label --dataset tiny --experiments mine.json "a cat"; check label_needs_no_plugin says '\["cat"\]'
run validate mine.json --plugin ../mine2/text_residual.so
check the_same_plugin_twice_is_one says "all right"
(cd / && "$program" validate "$folder/world/mine.json") >"$folder/out" 2>"$folder/err"
check its_path_is_relative_to_the_file says "all right"

run run mine --experiments mine.json
check run_loads_what_the_file_names_and_says_so remarks "^$plugin: loading this plugin"
check it_trains_and_scores says text_residual
run results mine --json;                 cp "$folder/out" first.json
check its_results_are_stored test "$(grep -c '"map"' first.json)" -eq 2
run run mine --experiments bare.json --plugin $plugin
check a_second_run_does_nothing remarks "nothing to do"
run run mine --experiments bare.json --plugin $plugin --store jobs --jobs 2 --set 'seeds=[1]'
run results --json --store jobs;         sed -n 's/.*"map"://p' "$folder/out" >jobs.map; sed -n 's/.*"map"://p' first.json | head -1 >first.map
check jobs_have_it_too sh -c 'test -s first.map && cmp jobs.map first.map'
run run mine zs --experiments mine.json --set options.alpha=0 --dry-run
refused zero_shot_has_no_such_option 2 alpha
run run mine --experiments mine.json --set options.alpha=0 --set protocol=flat --json; sed -n 's/.*"map"://p' "$folder/out" | head -1 >still.map
run run zs --experiments mine.json --set protocol=flat --json;  sed -n 's/.*"map"://p' "$folder/out" >zs.map
check without_its_residual_it_is_zero_shot_clip sh -c 'test -s zs.map && cmp still.map zs.map'

run run mine --experiments mine.json --set options.lr=0 --set protocol=flat --set options.warmup_lr=0 --json; sed -n 's/.*"map"://p' "$folder/out" | head -1 >still.map
check without_learning_rates_too sh -c 'test -s still.map && cmp still.map zs.map'

# ---- the readme's variant on labelled images ----
sed -n '/^Parameter \*threshold;/,/^labelled_step_free/p' "$root/methods/README.md" >labelled.part
awk '/const FitPlan plan/ { while ((getline line <"labelled.part") > 0) print "    " line; skip = 1 }
     !skip
     /graph_free\(g\);/ { skip = 0 }' ../mine/text_residual.c |
    awk '/^\/\* What load/ { skip = 1 } /^static bool train/ { skip = 0 } !skip' |
    sed -e 's/OPTION_REAL("margin".*/LABELLED_LOSS_OPTIONS,/; s/NEED_CAPTIONS/NEED_TRAIN_IMAGES/; s/= ZERO_SHOT/= LABELLED/' \
        -e 's/"text_residual"/"labelled"/' >../mine/labelled.c
build labelled.so
check the_labelled_variant_builds_without_a_warning sh -c "[ $status -eq 0 ] && [ ! -s '$folder/err' ]"
write '["../mine/labelled.so"]' | sed 's/text_residual/labelled/; s/"seeds": \[1, 2\]/"setting": {"few_shot": {"grid": [1, 2]}}/; s/"captions": "captions.jsonl"/"train": "test.jsonl"/' |
    sed '/^    "tai-dpt": {/,/^    },/d; s/^ *"tai-dpt",$//' >labelled.json
for loss in ranking asl softmax; do
    run run mine --experiments labelled.json --set options.loss=$loss
    check "the_labelled_variant_trains_with_$loss" says "labelled.*few-shot 2"
done

# ---- another build ----
echo '/* a remark */' >>../mine/text_residual.c; build
run run mine --experiments mine.json
check another_comment_runs_nothing_again remarks "nothing to do"
sed 's/cosine_factor = 4/cosine_factor = 5/' ../mine/text_residual.c >"$folder/changed.c"; cp "$folder/changed.c" ../mine/text_residual.c; build
run run mine --experiments mine.json --plugin $plugin --dry-run
check other_code_trains_and_scores_again test "$(grep -c '^\(train\|score\).* to do' "$folder/out")" -eq 4
check and_keeps_the_features says '^encode-image.* stored'
run run mine --experiments mine.json --set 'seeds=[1]'
remark='mine: seed 2 was made with different code of the plugin than seed 1; run it again to have them alike'
check run_tells_of_seeds_of_older_code remarks "$remark"
run results mine;                        check results_tell_of_them remarks "$remark"
run compare mine mine --resamples 10;    check compare_tells_of_them remarks "$remark"
sed 's/^ *"tai-dpt",$/"mine"/; /^ *"zs"$/d' mine.json >suite.json
run report --suite tiny --experiments suite.json --out page
check the_report_tells_of_them grep -q "$remark" page/index.html
run run mine --experiments mine.json
check rerun_seeds_are_alike sh -c "! grep -q 'made with different' '$folder/err'"
sed 's/\.version = 1/.version = 2/' "$folder/changed.c" >../mine/text_residual.c; build
run run mine --experiments mine.json --set 'seeds=[2]'
check a_raised_version_is_told_too remarks "seed 2 was made with different versions of the method, code of the plugin than seed 1"
run run mine --experiments mine.json --plugin ../mine2/text_residual.so --quiet; refused two_builds_of_one_method_are_refused 2 "belongs to a method of ../mine2/text_residual.so"

# ---- what does not fit ----
source() { # source NAME MEMBERS [OPTIONS]: a plugin with one method, its members and its options as they are said
    option=${3:-'OPTION_BOOL("on", true, "a switch")'}
    cat >../mine/"$1".c <<END
#include "methods/palbench.h"
static const Option options[] = {$option, OPTION_END};
static unsigned needs(const Options *o) { (void)o; return NEED_CLASS_TEXT; }
static bool score(Run *run, const ImageFeatures *test, Scores *s, Error *err) { return scores_init(s, test->count, run->classes, false, err); }
static const Method method = {.name = "other", .summary = "s", .options = options, .version = 1, .settings = ZERO_SHOT, .needs = needs, .score = score, $2};
PALBENCH_PLUGIN(&method);
END
}
source taken '.name = "tai"'
source nameless '.name = "a b"'
source optionless '.options = NULL'
source scoreless '.score = NULL'
source range '' 'OPTION_REAL("lr", 2, 0, 1, "too large")'
source twice '' 'OPTION_BOOL("on", true, "a"), OPTION_BOOL("on", true, "b")'
source whole ''
exported='const PalbenchPlugin palbench_plugin __attribute__((visibility("default"))) ='
sed "s/^PALBENCH_PLUGIN.*/extern $exported {PALBENCH_PLUGIN_VERSION + 1, 0, 0, 0, (const Method *const[]){\&method, NULL}};/; s/extern //" ../mine/whole.c >../mine/newer.c
sed "s/^PALBENCH_PLUGIN.*/$exported {PALBENCH_PLUGIN_VERSION, sizeof(Method) + 8, sizeof(Option), sizeof(Run), (const Method *const[]){\&method, NULL}};/" ../mine/whole.c >../mine/sizes.c
sed "s/^PALBENCH_PLUGIN.*/int palbench_plugins(void); int palbench_plugins(void) { return method.version; }/" ../mine/whole.c >../mine/symbolless.c
sed "s/^static unsigned/bool of_a_later_palbench(Scores *s);\n&/; s/return scores_init/return of_a_later_palbench(s) \&\& scores_init/" ../mine/whole.c >../mine/later.c
printf 'not a program' >../mine/text.so
build PLUGIN_CFLAGS=-w whole.so taken.so nameless.so optionless.so scoreless.so range.so twice.so newer.so sizes.so symbolless.so later.so
[ $status -eq 0 ] || bad the_broken_ones_build "$(head -c 600 "$folder/err")"
source both '.settings = ZERO_SHOT | LABELLED, .needs = images'
source hidden '.needs = images'
for name in both hidden; do
    sed -i 's/^static bool score/static unsigned images(const Options *o) { (void)o; return NEED_TRAIN_IMAGES; }\n&/' ../mine/$name.c
done
source asking '.score = ask'
sed -i 's/^static const Method/static bool ask(Run *run, const ImageFeatures *test, Scores *s, Error *err) { return option_real(run->options, "margin") > 9 \&\& score(run, test, s, err); }\n&/' ../mine/asking.c
build PLUGIN_CFLAGS=-w both.so hidden.so asking.so
[ $status -eq 0 ] || bad methods_with_labelled_needs_build "$(head -c 600 "$folder/err")"
of() { write "[\"../mine/$1.so\"]" | sed -e 's/text_residual/other/; s/"options": {"batch": 8, "lr": 0.1}, //' -e "s|\"seeds\": \[1, 2\]|\"seeds\": [1]${2:-}|" >"$1.json"; }
of both;                         run run mine --experiments both.json --quiet
refused labelled_needs_without_a_setting_are_refused 2 'experiments.mine.setting: with these options the method other trains on labelled images; add a setting, one of {"few_shot": 4}'
of both ', "setting": "zero-shot"'; run run mine --experiments both.json --quiet; refused and_when_zero_shot_is_said 2 "trains on labelled images"
of both ', "setting": {"few_shot": 1}'; run validate both.json --plugin ../mine/both.so; check with_a_setting_it_is_right says "all right"
of hidden;                       run run mine --experiments hidden.json --quiet; refused a_method_without_labelled_settings_asks_for_none 2 "LABELLED"
of asking;                       run run mine --experiments asking.json
check an_option_that_is_not_there_names_the_method remarks "the method other asks for the option margin"
try() { run ls methods --quiet --plugin ../mine/"$1".so; }
try whole;       check a_small_one_loads says '^other '
version=$(sed -n 's/.*PALBENCH_PLUGIN_VERSION = \([0-9]*\).*/\1/p' "$root/methods/palbench.h")
try newer;       refused another_interface_version_is_refused_with_both_numbers 2 "interface $((version + 1)), this palbench has $version.*again"
try sizes;       refused other_structures_are_refused 2 "other structures.*again"
try symbolless;  refused a_missing_symbol_is_refused 2 "exports no palbench_plugin"
try later;       refused a_function_that_palbench_lacks_is_refused 2 "of_a_later_palbench"
try text;        refused what_is_no_shared_object_is_refused 2 "text.so: cannot be loaded"
try none;        refused a_missing_file_is_refused 2 "none.so: there is no such plugin"
try .;           refused a_folder_is_refused 2 "mine/"
try taken;       refused a_built_in_name_is_refused 2 "the name tai belongs to a method that is built in"
try nameless;    refused an_odd_name_is_refused 2 "letters, digits"
try optionless;  refused a_missing_options_table_is_refused 2 "other has no options table"
try scoreless;   refused a_missing_function_is_refused 2 "other has no score function"
try range;       refused a_default_out_of_range_is_refused 2 "option lr of the method other has a default out of range"
try twice;       refused an_option_that_stands_twice_is_refused 2 "stands twice"
write '"x.so"' >wrong.json;    run validate wrong.json; refused a_list_of_plugins_is_needed 2 "plugins: a list"
write '["/dev/zero"]' >wrong.json; run validate wrong.json --plugin $plugin; check a_device_is_not_read says "all right"
write '["x.so"]' >wrong.json;  run run mine --experiments wrong.json; refused a_missing_plugin_of_the_file_is_named 2 "wrong.json: x.so: there is no such plugin"

# ---- the page's walk to a post-processing ----
mkdir ../square
awk '/^static const Option options\[\] = \{BRANCHES_OPTION/ {p = 1; print "#include \"methods/palbench.h\"\n"} /^```/ {p = 0} p' "$root/methods/README.md" >../square/square.c
make -s -C "$root" plugin SRC="$folder/square/square.c" OUT="$folder/square/square.so" BUILD="$(dirname "$program")" >"$folder/out" 2>"$folder/err"
check the_walks_post_processing_builds_without_a_warning test -s ../square/square.so -a ! -s "$folder/err"
sed -e 's|^{|{"plugins": ["../square/square.so"],|' -e 's/"zs": {/"squared": {"method": "square", "of": "zs"}, &/' experiments.json >square.json
run validate square.json
check unloaded_it_is_no_mistake test "$status" -eq 0
run plan squared --experiments square.json; refused but_it_cannot_be_planned 2 "its method square is not known here"
run run squared --experiments square.json --store square --json
check and_it_runs_on_the_scores_of_another says '"squared"'

finish
