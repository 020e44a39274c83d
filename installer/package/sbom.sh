# shellcheck shell=bash
# What is inside, in CycloneDX.

CYCLONEDX=0.5.9

pack_sbom() {
  local tools=$root/target/tools file=$out/pkarr-$version-program.cdx.json
  if [ ! -x "$tools/bin/cargo-cyclonedx" ]; then
    patiently 'fetching cargo-cyclonedx' cargo install --quiet --locked --root "$tools" "cargo-cyclonedx@$CYCLONEDX" ||
      fail 'cargo-cyclonedx is missing: cargo install --locked cargo-cyclonedx'
  fi
  # Only what the program is linked from, not what tests need.
  (cd "$root/native-host" && PATH="$tools/bin:$PATH" cargo cyclonedx --quiet --format json --spec-version 1.5 \
    --no-build-deps --target "$TARGET" --override-filename pkarr-program) || fail 'The list for the program could not be made.'
  node "$here/package/sbom.mts" "$version" <"$root/native-host/pkarr-program.json" >"$file"
  rm -f "$root/native-host/pkarr-program.json"
  npm --prefix "$root/extension" sbom --sbom-format cyclonedx --omit dev --package-lock-only --loglevel=error |
    node "$here/package/sbom.mts" "$version" >"$out/pkarr-$version-extension.cdx.json" ||
    fail 'The list for the extension could not be made.'
}
