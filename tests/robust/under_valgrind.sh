#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# under_valgrind.sh VALGRIND ACKNOWLEDGE: no bad access, no undefined value, no leak.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
"$1" --quiet --leak-check=full --show-leak-kinds=all --errors-for-leak-kinds=definite,indirect,possible \
  --error-exitcode=99 "$2" "lmdb://$folder/store"
