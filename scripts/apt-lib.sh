# shellcheck shell=bash
# Debian arm64 packages without touching the user's system (sourced after
# cache-lib.sh, not run). apt works on a state of its own inside the cache: the
# machine's Debian sources, arm64 as its only architecture, an empty status
# file. No root, no foreign architecture on the machine, nothing installed.
# Packages of architecture `all` are found the same way.

# _apt TOOL ARG...: apt-get or apt-cache on the private state.
_apt() {
	local tool=$1 at=$PLINTH_CACHE/apt-arm64
	shift
	"$tool" -q -o Dir::State="$at/state" -o Dir::Cache="$at/cache" \
		-o Dir::State::status="$at/status" \
		-o Dir::Etc::sourcelist="$at/sources.list" \
		-o Dir::Etc::sourceparts="$at/sources.d" \
		-o APT::Architecture=arm64 -o APT::Architectures=arm64 \
		-o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none \
		-o Acquire::Retries=3 -o APT::Get::List-Cleanup=false "$@"
}

# _apt_sources DIR: the machine's own Debian sources (its mirror), main only
# for the architecture asked for; Debian's where the machine names none.
_apt_sources() {
	local etc=${PLINTH_APT_ETC:-/etc/apt} f
	mkdir -p "$1/sources.d"
	: >"$1/sources.list"
	for f in "$etc/sources.list" "$etc"/sources.list.d/*.list; do
		[ -f "$f" ] || continue
		grep -E '^deb .*debian' "$f" |
			sed -E 's/arch=[^] ]*//' >>"$1/sources.list" || true
	done
	for f in "$etc"/sources.list.d/*.sources; do
		[ -f "$f" ] || continue
		awk 'BEGIN { RS = ""; ORS = "\n\n" } /URIs:[^\n]*debian/' "$f" |
			sed '/^Architectures:/d' >"$1/sources.d/${f##*/}"
	done
	if ! grep -qs . "$1/sources.list" "$1"/sources.d/*; then
		echo "deb $keyring http://deb.debian.org/debian bookworm main" \
			>"$1/sources.list"
	fi
}

keyring="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
security="deb $keyring http://deb.debian.org/debian-security bookworm-security main"

# _apt_update: package lists of today, made once a day at most.
_apt_update() {
	local at=$PLINTH_CACHE/apt-arm64 lock
	mkdir -p "$at/state/lists/partial" "$at/cache/archives/partial"
	: >>"$at/status"
	exec {lock}>"$PLINTH_CACHE/.lock-apt-arm64"
	flock "$lock"
	if [ -z "$(find "$at/updated" -mmin -1440 2>/dev/null)" ]; then
		say "updating the arm64 package lists"
		_apt_sources "$at"
		_apt apt-get update >"$at/log" 2>&1 {lock}>&- || {
			grep '^E:' "$at/log" >&2 || cat "$at/log" >&2
			die "apt-get update failed (no network?)"
		}
		_apt_security "$at" {lock}>&-
		touch "$at/updated"
	fi
	exec {lock}>&-
}

# _apt_security DIR: the 6.12 kernel is in the security suite; a machine whose
# sources lack that suite gets it here, and is told.
_apt_security() {
	[ -z "$(_apt apt-cache pkgnames linux-image-6.12)" ] || return 0
	say "no 6.12 kernel in this machine's sources:" \
		"adding bookworm-security for the download"
	echo "$security" >>"$1/sources.list"
	_apt apt-get update >"$1/log" 2>&1 ||
		die "apt-get update failed: $(tail -n 1 "$1/log")"
}

# apt_newest REGEX: the name with the highest version in it.
apt_newest() {
	local names
	_apt_update
	names=$(_apt apt-cache pkgnames | grep -E "$1" | sort -V) ||
		die "no package is named $1"
	tail -n 1 <<<"$names"
}

# apt_closure PACKAGE...: these and all packages that they depend on.
apt_closure() {
	local log
	_apt_update
	log=$(_apt apt-get -qq --no-install-recommends --print-uris install "$@" \
		2>&1) || die "cannot resolve $*: $(grep -m 1 '^E:' <<<"$log")"
	sed -n "s/^'[^']*' \([^_ ]*\)_.*/\1/p" <<<"$log" | LC_ALL=C sort
}

# apt_fetch DIR PACKAGE...: downloads them to DIR, an absolute path, and prints the .debs' paths.
# Lists that have gone stale (the archive keeps few versions) are renewed once.
# What an interrupted download has got so far is kept in the cache's downloads/
# and the next one goes on from there.
apt_fetch() {
	local at=$PLINTH_CACHE/apt-arm64 dir=$1 lock
	shift
	mkdir -p "$dir" "$PLINTH_CACHE/downloads"
	_apt_update
	exec {lock}>"$PLINTH_CACHE/downloads/.lock-$1"
	flock "$lock"
	if ! _apt_download "$dir" "$@" {lock}>&-; then
		rm -f "$at/updated"
		_apt_update
		_apt_download "$dir" "$@" {lock}>&- ||
			die "cannot download $1$(_apt_reason "$dir/log")"
	fi
	exec {lock}>&-
	ls "$dir"/*.deb
}

# _apt_download DIR PACKAGE...: the log is DIR/log. The status, no more, says
# how it went: in a condition the shell does not stop at errors.
_apt_download() {
	local dir=$1 uri file size hash bytes=0 triples=() files=() what=$2
	shift
	[ $# = 1 ] || what+=" and $(($# - 1)) more"
	_apt apt-get -qq download --print-uris "$@" >"$dir/uris" 2>"$dir/log" ||
		return 1
	while read -r uri file size hash; do
		uri=${uri#\'} file=${file//%3a/:}
		triples+=("${uri%\'}" "$file" "$hash")
		files+=("$PLINTH_CACHE/downloads/$file")
		bytes=$((bytes + size))
	done <"$dir/uris"
	rm "$dir/uris"
	(cd "$PLINTH_CACHE/downloads" &&
		_apt /usr/lib/apt/apt-helper -o APT::Status-Fd=3 download-file \
			"${triples[@]}" 3>&1 >"$dir/log" 2>&1 |
		_apt_progress "$what, $(((bytes + 999999) / 1000000)) MB") || {
		rm -f "${files[@]/%/.FAILED}"
		return 1
	}
	mv "${files[@]}" "$dir/" 2>"$dir/log"
}

# _apt_progress WHAT: apt's status lines in, a line for every fifth out.
_apt_progress() {
	local kind percent shown=0
	while IFS=: read -r kind _ percent _; do
		percent=${percent%%.*}
		if [ "$kind" = dlstatus ] && ((percent >= shown + 20)); then
			shown=$percent
			say "$1: $shown %"
		fi
	done
}

# _apt_reason LOG: why, in a few words; nothing when nobody knows.
_apt_reason() {
	local why
	why=$(grep -m 1 -o 'No space left on device' "$1" ||
		grep -m 1 '^E:' "$1") || return 0
	printf ': %s' "${why#E: }"
}
