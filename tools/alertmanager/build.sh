#!/bin/sh
# Copyright The otelcol-ml Authors
# SPDX-License-Identifier: Apache-2.0
#
# Builds alertmanager and amtool, in the version that go.mod beside this script names, into the folder given (by
# default .tools/bin of the repository). What is there and up to date is left alone. Needs Go and a module proxy.
#
# The module as it is published lacks the built web pages that Alertmanager embeds, and the module cache is read-only: so
# a copy of the module is built, with one empty page. The API, all that the tests use, does not need the pages.
set -eu

here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)
out=${1:-$here/../../.tools/bin}
mkdir -p "$out"
out=$(CDPATH= cd -- "$out" && pwd)
go=${GO:-go}
module=github.com/prometheus/alertmanager

current() {
	for program in alertmanager amtool; do
		[ -x "$out/$program" ] || return 1
		for source in go.mod go.sum build.sh; do
			[ -z "$(find "$here/$source" -newer "$out/$program")" ] || return 1
		done
	done
}
if current; then
	exit 0
fi

cd "$here"
"$go" mod download "$module" # checks the module against go.sum
source=$("$go" list -m -f '{{.Dir}}' "$module")
version=$("$go" list -m -f '{{.Version}}' "$module")

work=$(mktemp -d "${TMPDIR:-/tmp}/alertmanager.XXXXXX")
trap 'chmod -R u+w "$work" 2>/dev/null || :; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
cp -R "$source" "$work/src"
chmod -R u+w "$work/src"
mkdir -p "$work/src/ui/app/dist"
: > "$work/src/ui/app/dist/index.html"

cd "$work/src"
GOWORK=off "$go" build -mod=readonly -ldflags "-s -w -X github.com/prometheus/common/version.Version=${version#v}" \
	-o "$work/bin/" ./cmd/alertmanager ./cmd/amtool
for program in amtool alertmanager; do # alertmanager, which make looks at, comes last
	mv -f "$work/bin/$program" "$out/.$program.new" # another file system, perhaps: the last step must be atomic
	touch "$out/.$program.new"
	mv -f "$out/.$program.new" "$out/$program"
done
