#!/usr/bin/env bash
# install.sh CMAKE BUILD SOURCE CC CXX: installs into a folder of its own, moves that, builds the examples against it by
# CMake and by pkg-config, shared and static, and runs them beside a process that talks: each has to print it.
set -euo pipefail
cmake=$1 build=$2 source=$3
export CC=$4 CXX=$5
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
talker=
trap '[ -z "$talker" ] || kill "$talker" 2>/dev/null; rm -rf "$work"' EXIT

quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log"; exit 1; }; }

quietly "$cmake" --install "$build" --prefix "$work/first"
mv "$work/first" "$work/root"  # Nothing in it may name the place it was installed to.
libdir=$(dirname "$(find "$work/root" -name libipm.a)")

# A project in C alone has no C++ compiler to link with.
for languages in C CXX; do
  quietly "$cmake" -S "$here/consumer" -B "$work/$languages" -G Ninja -DCMAKE_PREFIX_PATH="$work/root" \
    -DCONSUMER_LANGUAGES="$languages" -DCONSUMER_EXAMPLES="$source/examples"
  quietly "$cmake" --build "$work/$languages"
done

export PKG_CONFIG_PATH="$libdir/pkgconfig"
mkdir "$work/pc"
flags() { pkg-config "$@" ipm; }
quietly $CC -std=c99 "$source/examples/embed_c/top5.c" $(flags --cflags --libs) -o "$work/pc/top5_C_shared"
quietly $CC -std=c99 "$source/examples/embed_c/top5.c" $(flags --cflags) -L"$libdir" -l:libipm.a \
  $(flags --static --libs | sed 's/-lipm//') -o "$work/pc/top5_C_static"
quietly $CXX -std=c++20 "$source/examples/embed_cpp/top5.cpp" $(flags --cflags --libs) -o "$work/pc/top5_CXX_shared"
quietly $CXX -std=c++20 "$source/examples/embed_cpp/top5.cpp" $(flags --cflags) -L"$libdir" -l:libipm.a \
  $(flags --static --libs | sed 's/-lipm//') -o "$work/pc/top5_CXX_static"

/usr/bin/python3 - <<'PY' &
import socket, time
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
peer, _ = server.accept()
while True:
    client.sendall(b"x" * 60000)
    left = 60000
    while left:
        left -= len(peer.recv(left))
    time.sleep(0.05)
PY
talker=$!

programs=("$work"/C/top5_* "$work"/CXX/top5_* "$work"/pc/top5_*)
pids=()
for program in "${programs[@]}"; do
  LD_LIBRARY_PATH="$libdir" "$program" >"$program.out" 2>&1 &
  pids+=($!)
done
failed=0
for i in "${!programs[@]}"; do
  program=${programs[$i]}
  if ! wait "${pids[$i]}" || ! grep -qE "^ *$talker\b.*[1-9]" "$program.out"; then
    echo "${program#"$work"/} did not print process $talker:"
    cat "$program.out"
    failed=1
  fi
  needs=$(readelf -d "$program" | grep -c 'NEEDED.*libipm' || true)
  case $program in
    *_shared) [ "$needs" = 1 ] || { echo "${program#"$work"/} is not linked with libipm.so"; failed=1; } ;;
    *_static) [ "$needs" = 0 ] || { echo "${program#"$work"/} is linked with libipm.so"; failed=1; } ;;
  esac
done
[ $failed = 0 ] || exit 1
echo "${#programs[@]} consumers printed process $talker"
