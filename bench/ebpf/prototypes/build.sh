#!/bin/sh
# Builds every flavour and the harness into $1.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1
mkdir -p "$out"
flavour() { name=$1; shift; clang-14 -target bpf -O2 -g -Wall -Wno-unused-function -I/usr/include/$(uname -m)-linux-gnu "$@" -c "$here/proto.bpf.c" -o "$out/$name.bpf.o"; }
flavour empty -DV_EMPTY
flavour filter -DV_FILTER
flavour hash_full -DV_HASH -DIMAGE -DDIRECT_COOKIE -DSNAPSHOT -DDIRTY
flavour hash_nosnap -DV_HASH -DIMAGE -DDIRECT_COOKIE -DDIRTY
flavour hash_nodirty -DV_HASH -DIMAGE -DDIRECT_COOKIE -DSNAPSHOT
flavour hash_helpers -DV_HASH -DDIRTY
flavour hash_helpers_snap -DV_HASH -DSNAPSHOT -DDIRTY
flavour hash_dsnap -DV_HASH -DIMAGE -DDIRECT_COOKIE -DDSNAP -DDIRTY
flavour hash_dsnap64 -DV_HASH -DIMAGE -DDIRECT_COOKIE -DDSNAP -DDIRTY -DSNAP64
flavour hash_dsnap128 -DV_HASH -DIMAGE -DDIRECT_COOKIE -DDSNAP -DDIRTY -DPAD128
flavour storage -DV_STORAGE
flavour storage_full -DV_STORAGE -DIMAGE -DDIRECT_COOKIE -DSNAPSHOT
flavour storage_epoch -DV_STORAGE -DIMAGE -DDIRECT_COOKIE -DSNAPSHOT -DDIRTY
flavour slots_full -DV_SLOTS -DIMAGE -DDIRECT_COOKIE -DSNAPSHOT
flavour slots_nosnap -DV_SLOTS -DIMAGE -DDIRECT_COOKIE
flavour record -DV_RECORD
flavour record_wake -DV_RECORD -DWAKE
g++ -std=c++20 -O2 -Wall -Wextra "$here/harness.cpp" -o "$out/harness" /usr/lib/$(uname -m)-linux-gnu/libbpf.a -lelf -lz -lpthread
