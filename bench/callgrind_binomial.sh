#!/usr/bin/env bash
# Instructions per call of the scalar binomial kernels -> bench/callgrind_binomial.md.
# The difference of two runs of the same program leaves out its start.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"${CC:-cc}" -O3 -std=c11 -ffp-contract=off -fno-math-errno -fno-trapping-math -Icsrc \
    -DHTST_HAVE_TARGET_CLONES=1 bench/callgrind_binomial.c csrc/htst_binomial*.c -lm -o "$folder/kernels"

instructions() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$folder/kernels" "$1" "$2" 2>&1 |
        sed -n 's/.*Collected : //p'
}

names=("logsf, bulk, n = 1e9" "logsf, bulk, n = 1e4, 4 sigma" "logsf, Poisson-like" "logsf, far tail"
    "sf, bulk, n = 1e9" "logpmf" "kl" "log_isf" "upper_limit")
{
    echo "Instructions per call, counted by callgrind (\`bench/callgrind_binomial.sh\`)."
    echo
    echo "| kernel | instructions |"
    echo "|---|---|"
    for i in "${!names[@]}"; do
        echo "| ${names[$i]} | $((($(instructions "$i" 1100) - $(instructions "$i" 100)) / 1000)) |"
    done
} > "$folder/table"
cp "$folder/table" bench/callgrind_binomial.md
