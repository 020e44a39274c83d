# shellcheck shell=bash
# The extension: for the stores, for those who review it, and for a site of one's own.

pack_extension() {
  # One package is for both stores, Chrome's and Edge's.
  install -m 644 "$chromium_package" "$out/pkarr-$version-chrome.zip"
  install -m 644 "$firefox_package" "$out/pkarr-$version-firefox.xpi"
  install -m 644 "$sources_package" "$out/pkarr-$version-sources.zip"
  if [ -n "$base_url" ]; then
    pack_hosted
  else
    note 'left out: packages for a site of your own name that site; say it with --base-url'
  fi
}

# Stores tell browsers of new versions; these packages ask the site that they came from.
pack_hosted() {
  local output=$root/extension/.output key=$crx_key xpi=$out/pkarr-$version-firefox-hosted.xpi
  export PKARR_HOSTED_AT=$updates_url
  patiently 'building the extension' npm --prefix "$root/extension" run --silent build:chromium &&
    patiently 'packing the extension' npm --prefix "$root/extension" run --silent packages:firefox ||
    fail 'The extension for a site of its own could not be packed.'
  unset PKARR_HOSTED_AT
  install -m 644 "$output/pkarr-$version-firefox-hosted.zip" "$xpi"
  node "$here/package/updates.mts" firefox --package "$xpi" --base-url "$base_url" >"$out/updates.json"

  if [ -z "$key" ] && [ -n "$crx_secret" ]; then
    key=$(mktemp)
    # shellcheck disable=SC2064 # the name of now is meant
    trap "rm -f '$key'" EXIT
    printf '%s\n' "$crx_secret" >"$key"
  fi
  if [ -z "$key" ]; then
    note 'left out: a .crx is signed; name its key with --crx-key, or put it into PKARR_CRX_KEY'
    return 0
  fi
  node "$here/package/crx.mts" --from "$output/chrome-mv3-hosted" --key "$key" --to "$out/pkarr-$version.crx" ||
    fail 'The .crx could not be made.'
  node "$here/package/updates.mts" chromium --package "$out/pkarr-$version.crx" --base-url "$base_url" >"$out/updates.xml"
}
