# shellcheck shell=bash
# bindgen loads libclang at run time: the newest that Debian's libclang-dev brought.
LIBCLANG_PATH=$(dirname "$(find /usr/lib/llvm-*/lib -name libclang.so 2>/dev/null | sort -V | tail -n 1)")
export LIBCLANG_PATH
if [ "$LIBCLANG_PATH" = . ]; then
  echo "error: no libclang on this machine: apt-get install libclang-dev" >&2
  exit 1
fi
