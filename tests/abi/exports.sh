#!/usr/bin/env bash
# exports.sh LIBRARY MAP: the dynamic symbols that the library defines are those that the map names.
set -euo pipefail
exported=$(nm -D --defined-only "$1" | awk '$2 != "A" {print $3}' | sed 's/@.*//' | sort -u)
named=$(sed -n '/global:/,/local:/p' "$2" | grep -oE '\bipm_[a-z0-9_]+' | sort -u)
diff <(printf '%s\n' "$named") <(printf '%s\n' "$exported") && printf '%s symbols\n' "$(printf '%s\n' "$named" | wc -l)"
