#!/usr/bin/env bash
# Instructions per call of the scalar binomial kernels -> bench/kernels/callgrind_binomial.md.
# The difference of two runs of the same program leaves out its start.
set -euo pipefail
cd "$(dirname "$0")/../.."
PYTHON=${PYTHON:-.venv/bin/python}
folder=build/bench
"$PYTHON" setup.py -q build_clib --build-clib "$folder" --build-temp "$folder"
"${CC:-cc}" -std=c11 -O2 -Icsrc/binomial -Icsrc/common bench/kernels/binomial_kernels.c \
    "$folder/libhtst.a" -lm -o "$folder/binomial_kernels"

instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$folder/binomial_kernels" call "$1" "$2" 2>&1 |
        sed -n 's/.*Collected : //p'
}

mapfile -t names < <("$folder/binomial_kernels" names)
{
    echo "Instructions per call, counted by callgrind (\`bench/kernels/callgrind_binomial.sh\`)."
    echo
    echo "| kernel | instructions |"
    echo "|---|---|"
    for i in "${!names[@]}"; do
        echo "| ${names[$i]} | $((($(instructions "$i" 1100) - $(instructions "$i" 100)) / 1000)) |"
    done
} > "$folder/table"
cp "$folder/table" bench/kernels/callgrind_binomial.md
