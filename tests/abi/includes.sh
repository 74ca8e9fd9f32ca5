#!/usr/bin/env bash
# includes.sh SRC: every include between modules follows the arrows of src/README.md.
set -euo pipefail
cd "$1"
declare -A allowed=(
  [base]="" [model]="base" [os]="base model" [ring]="base model" [decode]="base model" [source]="base model ring decode os"
  [core]="base model" [enrich]="base model" [store]="base model" [baseline]="base model" [alert]="base model"
  [query]="base model store core baseline alert"
  [monitor]="base model os ring source core enrich store baseline alert query"
)
wrong=0
for module in "${!allowed[@]}"; do
  [ -d "$module" ] || continue
  while IFS=: read -r file line text; do
    target=$(sed -E 's/.*#include "([a-z_]+)\/.*/\1/' <<<"$text")
    [ "$target" = "$module" ] && continue
    if ! grep -qw -- "$target" <<<"${allowed[$module]}"; then
      echo "$file:$line: $module may not include $target"
      wrong=1
    fi
  done < <(grep -rnE '#include "[a-z_]+/' "$module")
done
exit $wrong
