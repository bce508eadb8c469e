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
	if ! cat "$1/sources.list" "$1"/sources.d/* 2>/dev/null | grep -q .; then
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

# apt_fetch DIR PACKAGE: downloads PACKAGE to DIR and prints the .deb's path.
# Lists that have gone stale (the archive keeps few versions) are renewed once.
apt_fetch() {
	local at=$PLINTH_CACHE/apt-arm64 log
	mkdir -p "$1"
	log=$1/log
	_apt_update
	if ! (cd "$1" && _apt apt-get download "$2") >"$log" 2>&1; then
		rm -f "$at/updated"
		_apt_update
		(cd "$1" && _apt apt-get download "$2") >"$log" 2>&1 || {
			grep '^E:' "$log" >&2 || true
			die "cannot download $2"
		}
	fi
	ls "$1"/*.deb
}
