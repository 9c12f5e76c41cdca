#!/bin/sh
# Usage, as root on Debian: sh tests/dist/make_pythons.sh ROOT
# Installs Debian's newer Pythons (3.13 from trixie; 3.14 and 3.15 from sid) into the folder ROOT,
# for `make wheel PYTHONS="ROOT:python3.13 ROOT:python3.14"`. Needs mmdebstrap and .5 GB.
set -eu
root=$1
mirror=${MIRROR:-http://deb.debian.org/debian}
mmdebstrap --mode=root --variant=minbase --include=python3.13-venv,ca-certificates \
    trixie "$root" "$mirror"
echo "deb $mirror sid main" > "$root/etc/apt/sources.list.d/sid.list"
# a mirror may lag behind the date until which a release file of sid is valid
echo 'Acquire::Check-Valid-Until "false";' > "$root/etc/apt/apt.conf.d/90old"
# programs in the root use the network as this machine does
cp /etc/resolv.conf "$root/etc/"
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
chroot "$root" sh -c '
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends -t sid python3.14-venv python3.15-venv'
