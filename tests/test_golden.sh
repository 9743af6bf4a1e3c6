#!/bin/sh
# Generators of golden data rewrite only the cases that they are told (tests/golden/named.py), tried with one of its own in a folder of its
# own. Skipped without Python; the other tests need none. Run from the project's root.
. tests/cli_checks.sh
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null || { echo "skip a_generator_rewrites_what_is_named: python3 is not here"; exit 0; }

cp tests/golden/named.py "$folder"
cat >"$folder/make_three.py" <<'END'
import named
import json, os, sys
here, value = os.path.dirname(os.path.abspath(__file__)), int(os.environ["VALUE"])
head = json.dumps({n: {"dtype": "U8", "shape": [1], "data_offsets": [i, i + 1]} for i, n in enumerate(["adam", "adam.loss", "sgd"])}).encode()
open(here + "/a.safetensors", "wb").write(len(head).to_bytes(8, "little") + head + bytes([value] * 3))
json.dump({"list": [{"name": "adam", "x": value}, {"name": "sgd", "x": value}], "whole": value}, open(here + "/a.json", "w"), indent=1)
open(here + "/picture.bin", "w").write(str(value))
END
make() { value=$1; shift; VALUE=$value "$python" -B "$folder/make_three.py" "$@" >"$folder/out" 2>"$folder/err"; status=$?; }
bytes() { tail -c 3 "$folder/a.safetensors" | od -An -tu1 | tr -s ' '; }
numbers() { tr -dc '0-9\n' <"$folder/a.json" | tr -s '\n' ' '; }

make 1
check without_names_everything_is_written test "$(bytes)$(numbers)$(cat "$folder/picture.bin")" = " 1 1 1 1 1 1 1"
cp "$folder/a.json" "$folder/before"
make 2 adam
check arrays_of_a_case_are_replaced test "$(bytes)" = " 2 2 1"
check entries_of_a_case_are_replaced test "$(numbers)" = " 2 1 1 "
check other_files_stay_as_they_were test "$(cat "$folder/picture.bin")" = 1
make 3 picture
check a_file_is_named_by_its_name test "$(bytes)$(numbers)$(cat "$folder/picture.bin")" = " 2 2 1 2 1 1 3"
make 1 adam picture
check and_back_again_to_the_byte cmp "$folder/a.json" "$folder/before"
make 4 nonsense
check an_unknown_case_is_refused sh -c "[ $status -ne 0 ] && grep -q 'no case nonsense in a.json, a.safetensors, picture.bin' '$folder/err'"
check and_nothing_is_rewritten test "$(bytes)$(cat "$folder/picture.bin")" = " 1 1 1"1

# Every generator of files says at its head that it can, or asks for names itself.
cannot=
for generator in tests/golden/make_*.py; do
    grep -q 'import named\|named\.cases\|sys.argv\|> harness/' "$generator" || cannot="$cannot $generator"
done
if [ -z "$cannot" ]; then ok every_generator_takes_cases; else bad every_generator_takes_cases "$cannot"; fi
finish
