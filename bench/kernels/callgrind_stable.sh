#!/usr/bin/env bash
# Instructions for the density of a new stable law -> bench/kernels/callgrind_stable.md.
# The difference of two runs of the same program leaves out its start. Valgrind has no AVX-512.
set -euo pipefail
cd "$(dirname "$0")/../.."
PYTHON=${PYTHON:-.venv/bin/python}
folder=build/bench
"$PYTHON" setup.py -q build_clib --build-clib "$folder" --build-temp "$folder"
"${CC:-cc}" -std=c11 -O2 -Icsrc/stable -Icsrc/common bench/kernels/stable_kernels.c \
    "$folder/libhtst.a" -lm -o "$folder/stable_kernels"

instructions() {
    HTST_ISA=avx2 valgrind --tool=callgrind --callgrind-out-file=/dev/null \
        "$folder/stable_kernels" call "$1" "$2" 2>&1 | sed -n 's/.*Collected : //p'
}

mapfile -t names < <("$folder/stable_kernels" names)
{
    echo "Instructions for the density at one point of a new law, with AVX2, counted by callgrind"
    echo "(\`bench/kernels/callgrind_stable.sh\`). The mean of 1000 laws; see stable_kernels.c."
    echo
    echo "| laws | instructions |"
    echo "|---|---|"
    for i in "${!names[@]}"; do
        echo "| ${names[$i]} | $((($(instructions "$i" 1100) - $(instructions "$i" 100)) / 1000)) |"
    done
} > "$folder/table"
cp "$folder/table" bench/kernels/callgrind_stable.md
