# shellcheck shell=bash
# The archive for any other Linux, with a script that installs from it.

pack_tar() {
  local name=pkarr-$version-linux-x86_64 folder
  folder=$built/tar/$name
  rm -rf "$built/tar"
  mkdir -p "$folder"
  install -m 755 "$program" "$folder/pkarr"
  install -m 755 "$here/package/tar/install.sh" "$folder/install.sh"
  install -m 644 "$root/LICENSE" "$root/README.md" "$folder/"
  write_manual "$folder/man1"
  write_completions bash "$folder/completions/pkarr.bash"
  write_completions zsh "$folder/completions/_pkarr"
  write_completions fish "$folder/completions/pkarr.fish"
  cp -r "$chromium_extension" "$folder/extension-chromium"
  install -m 644 "$firefox_package" "$folder/extension-firefox.xpi"
  install -d "$folder/systemd"
  install -m 644 "$here/pkarr.service" "$here/pkarr-serve.service" "$folder/systemd/"
  chmod -R u=rwX,go=rX "$folder"
  tar --create --format=gnu --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" \
    -C "$built/tar" "$name" | gzip -9n >"$out/$name.tar.gz"
}
