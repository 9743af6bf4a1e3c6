#!/bin/sh
# Every place where a write, a flush, a rename, an opening, a mapping or an allocation of ours can fail, one after the other: the tiny suite of
# tests/golden/tiny_world is run, and then reported, with tests/fault_shim.c in front of the C library. Whatever fails, the program ends
# with status 0 (it could do without; then everything is there), or with 1 or 2 and a sentence; every file under a final name has
# the bytes of a run that never saw a fault; and the same command without faults ends with all of them, and nothing else. What is gone on
# from is the same after most faults: each different remainder is gone on from once. Called by `make test-faults`, from
# the project's root: tests/faults.sh PROGRAM SHIM. FAULT_PARTS="run", FAULT_CALLS="write rename" try only these; FAULT_MOST=N at most N places a
# call, evenly spread (default: all).
set -u
program=$(realpath "$1") shim=$(realpath "$2")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive
cp -r tests/golden/tiny_world "$folder/world"
cd "$folder/world" || exit 1

# gnuplot takes half of a report's time, always for the same figures: one that remembers stands before it. Its scripts and pictures are
# files 10, 11, 12 (reports/gnuplot.c).
command -v h5dump >/dev/null || { echo "FAIL the_suite_runs: h5dump is not there; on Debian: apt-get install hdf5-tools"; exit 1; }
real=$(command -v gnuplot) || { echo "FAIL the_suite_runs: gnuplot is not there"; exit 1; }
mkdir tools drawn
cat >tools/gnuplot <<END
#!/bin/sh
drawn=$PWD/drawn/\$(sha256sum </dev/fd/10 | cut -c 1-64)
[ -s "\$drawn.png" ] || { $real "\$@" && cat /dev/fd/11 >"\$drawn.svg" && cat /dev/fd/12 >"\$drawn.png" && exit; }
[ -s "\$drawn.png" ] && cat "\$drawn.svg" >/dev/fd/11 && cat "\$drawn.png" >/dev/fd/12
END
chmod 755 tools/gnuplot
PATH=$PWD/tools:$PATH

# work ENVIRONMENT... -- does the part `part` and leaves status, and what was said in err.
work() {
    case $part in
    run) set -- "$@" run tai-dpt zs --no-table ;;
    report) set -- "$@" reproduce --suite tiny --out report ;;
    esac
    variables=
    while [ "$1" != -- ]; do variables="$variables $1"; shift; done
    shift
    # shellcheck disable=SC2086 # words are meant
    timeout 900 env LD_PRELOAD="$shim" $variables "$program" "$@" --store store --threads 1 >out 2>err
    status=$?
}
good() { work FAULT_CALL=none --; }
# What a part begins with.
begin() {
    rm -rf store report
    [ $part = run ] || cp -r whole.store store
}
# What is not as it should be: of files that are there, or with `all` of any. A report without an experiment that failed, which was said, is
# another one.
# Where an allocation of libhdf5's fails it may lay out a file otherwise: then its contents count.
difference() {
    mkdir -p store report
    {
        diff -rq whole.store store
        [ $part = run ] || { [ "$1" = there ] && grep -q 'experiments failed' err; } || diff -rq whole.report report
    } >differences
    case $name in
    hdf5-*) sed -n 's/^Files \(.*\.h5\) and \(.*\.h5\) differ$/\1 \2/p' differences >laid_out
        while read -r one other; do
            h5dump "$one" | tail -n +2 >one.dump
            h5dump "$other" | tail -n +2 | cmp -s - one.dump && sed -i "\\|^Files $one and |d" differences && echo "$one" >>laid_out.all
        done <laid_out ;;
    esac
    [ "$1" = all ] || sed -i '/^Only in whole\./d; /^Only in .*\.tmp-[0-9a-f]*-[0-9a-f]*$/d; /^Only in .*\.lock-[0-9a-f]*$/d' differences
    head -n 3 differences | tr '\n' ' '
}
# What stays, in one line; the random part of temporary names does not count.
remainder() { find store report -type f | sed 's/\.tmp-.*/.tmp/' | sort | sha256sum; }

whole() { # makes what a part ends with
    begin
    good
    [ $status -eq 0 ] || { echo "FAIL the_suite_runs: $(cat err)"; exit 1; }
}
part=run
whole
mv store whole.store
part=report
whole
mv report whole.report

places=0 failures=0 tolerated=0 resumed=0 deaths=0 name=
: >laid_out.all
bad() { failures=$((failures + 1)); echo "FAIL $part-$1: $2"; }

# try NAME ENVIRONMENT...
try() {
    name=$1
    shift
    begin
    work "$@" --
    places=$((places + 1))
    case $status in
    0) tolerated=$((tolerated + 1)) ;;
    1 | 2) grep -q '^palbench: ' err || bad "$name" "status $status without a sentence" ;;
    134 | 139)
        # libhdf5 1.10 itself calls itself for ever while it tells that it has no memory for its first table, and frees a piece twice
        # while it takes back what it could not finish.
        deaths=$((deaths + 1))
        case $name in hdf5-main-*) ;; *) bad "$name" "crashed" ;; esac
        ;;
    *) bad "$name" "status $status: $(tail -n 2 err | tr '\n' ' ')" ;;
    esac
    wrong=$(difference "$([ $status -eq 0 ] && echo all || echo there)")
    [ -z "$wrong" ] || bad "$name" "status $status: $wrong"
    left=$(remainder)
    grep -qF "$left" remainders && return
    echo "$left" >>remainders
    resumed=$((resumed + 1))
    said=$(tail -n 1 err)
    good
    [ $status -eq 0 ] || bad "$name" "does not go on: $(tr '\n' ' ' <err | head -c 300); first: $said"
    wrong=$(difference all)
    [ -z "$wrong" ] || bad "$name" "gone on from: $wrong"
}

# list_places CALL WHERE: into `tried`, their number in `all`.
list_places() {
    begin
    rm -f list
    work FAULT_CALL="$1" FAULT_LIST="$PWD/list" FAULT_IN="$2" --
    od -An -v -t u4 -w4 list | sort -nu | sed '/^ *0$/d' >found
    all=$(wc -l <found)
    awk -v all="$all" -v most="${FAULT_MOST:-$all}" \
        'most >= all || int(NR * most / all) > int((NR - 1) * most / all)' found >tried
}

for part in ${FAULT_PARTS:-run report}; do
    : >remainders
    for call in ${FAULT_CALLS:-write fsync rename open mmap malloc hdf5}; do
        for where in main reader; do
            list_places "$call" $where
            before=$places
            while read -r place; do
                try "$call-$where-$place" FAULT_CALL="$call" FAULT_AT="$place" FAULT_IN=$where
                # A disk that is full stays full.
                [ "$call" != write ] || try "$call-$where-$place-on" FAULT_CALL="$call" FAULT_AT="$place" FAULT_IN=$where FAULT_ON=1
            done <tried
            echo "$part: $call in $where: $(wc -l <tried) of $all places, $((places - before)) faults"
        done
    done
done
echo "$places faults, $tolerated without an effect, $deaths inside libhdf5 for want of memory, $(wc -l <laid_out.all) files laid out otherwise, gone on from $resumed different remainders, $failures mistakes found"
[ $failures -eq 0 ]
