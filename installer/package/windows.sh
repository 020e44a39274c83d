# shellcheck shell=bash
# pkarr-setup.exe: the program for Windows and what puts it in place, in one file. Tests set PKARR_PACK_QUICKLY, and get a
# larger one in seconds instead of minutes.

# build_windows_program   leaves its place in windows_program
build_windows_program() {
  if [ -n "$program" ]; then
    case $program in
      *.exe) windows_program=$program && return 0 ;;
      *) misuse "'$program' is no program for Windows." ;;
    esac
  fi
  say 'Building the program for Windows, which takes a quarter of an hour the first time …'
  local cargo_home=${CARGO_HOME:-$HOME/.cargo}
  # Places on this machine are no part of the program.
  RUSTFLAGS="--remap-path-prefix=$root=pkarr --remap-path-prefix=$cargo_home/registry/src=crates" \
    patiently 'building pkarr.exe' "$here/package/windows/cargo" build --locked --profile dist -p pkarr-host --bin pkarr ||
    fail 'pkarr.exe did not build.'
  windows_program=${CARGO_TARGET_DIR:-$root/target}/x86_64-pc-windows-gnu/dist/pkarr.exe
}

pack_windows() {
  local windows_program
  build_windows_program
  patiently 'packing pkarr-setup.exe' makensis -V2 -X'Target amd64-unicode' ${PKARR_PACK_QUICKLY:+-DQUICKLY} "-DVERSION=${version%%-*}" \
    "-DPROGRAM=$windows_program" "-DOUT=$out/pkarr-setup.exe" "$here/package/windows/pkarr.nsi" ||
    fail 'pkarr-setup.exe could not be packed.'
}
