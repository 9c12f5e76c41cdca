#!/usr/bin/env bash
# Count the instructions per call of C kernels: callgrind.sh binomial, or callgrind.sh stable.
# Writes bench/kernels/callgrind_binomial.md or callgrind_stable.md. The difference of two runs of
# the same program leaves out its start. Valgrind has no AVX-512.
set -euo pipefail
room=${1:?binomial or stable}
case $room in
    binomial)
        column=kernel
        title="Instructions per call, with AVX2, counted by callgrind"
        note="."
        ;;
    stable)
        column=laws
        title="Instructions for the density at one point of a new law, with AVX2, counted by callgrind"
        note=". The mean of 1000 laws; see stable_kernels.c."
        ;;
    *)
        echo "callgrind.sh: binomial or stable, got $room" >&2
        exit 2
        ;;
esac
cd "$(dirname "$0")/../.."
PYTHON=${PYTHON:-.venv/bin/python}
folder=build/bench
program=$folder/${room}_kernels
"$PYTHON" setup.py -q build_clib --build-clib "$folder" --build-temp "$folder"
"${CC:-cc}" -std=c11 -O2 "-Icsrc/$room" -Icsrc/common "bench/kernels/${room}_kernels.c" \
    "$folder/libhtst.a" -lm -o "$program"

instructions() {
    HTST_ISA=avx2 valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        "$program" call "$1" "$2" 2>&1 | sed -n 's/.*Collected : //p'
}

mapfile -t names < <("$program" names)
{
    echo "$title"
    echo "(\`bench/kernels/callgrind.sh $room\`)$note"
    echo
    echo "| $column | instructions |"
    echo "|---|---|"
    for i in "${!names[@]}"; do
        echo "| ${names[$i]} | $((($(instructions "$i" 1100) - $(instructions "$i" 100)) / 1000)) |"
    done
} > "$folder/table"
cp "$folder/table" "bench/kernels/callgrind_$room.md"
