# shellcheck shell=bash
# The program as packages carry it.

pack_program() { install -m 755 "$program" "$out/pkarr"; }
