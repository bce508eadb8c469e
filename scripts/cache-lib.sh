# shellcheck shell=bash
# The cache of downloads and long builds, for the scripts beside this file
# (sourced, not run). It lives outside the clone, so that a second clone
# builds in seconds:
#
#   ${PLINTH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/plinth}/NAME-KEY/
#
# An entry is a directory that exists whole or not at all: it is made in a
# temporary directory beside its final place and renamed into it. One lock a
# name lets concurrent makers wait for each other; what an interrupted maker
# left behind is removed by the next one. An entry is never changed once it is
# there; remove its directory to have it made again. With PLINTH_CACHED_ONLY=1
# nothing is made: what is not there is an error.

# What is piped to a make target is for the guest, not for a tool on the way.
exec </dev/null
shopt -s inherit_errexit

# Links lead there, so a relative name would not do.
PLINTH_CACHE=$(realpath -m "${PLINTH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/plinth}")

# say TEXT...: one line of progress, on stderr.
say() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

# die TEXT...: one line that says what is wrong, and the end.
die() {
	say "$@"
	exit 1
}

# one_line WHAT COMMAND...: what COMMAND says is shown only when it fails, as one
# line, and is the end.
one_line() {
	local what=$1 log
	shift
	log=$("$@" 2>&1) ||
		die "$what: $(grep -m 1 -o 'No space left on device' <<<"$log" ||
			tail -n 1 <<<"$log")"
}

# hash_of TEXT...: 12 hex digits that name these arguments.
hash_of() {
	printf '%s\n' "$@" | sha256sum | cut -c1-12
}

# cc_id CC: the exact compiler, for keys.
cc_id() {
	"$1" --version | head -n 1
}

# cache_path NAME-KEY: where that entry is or will be.
cache_path() {
	printf '%s/%s\n' "$PLINTH_CACHE" "$1"
}

# cache_make NAME-KEY BUILDER [ARG...]: makes the entry unless it is there.
# BUILDER is called as `BUILDER DIR ARG...` and fills the empty DIR. Call this
# as a plain command: in a condition the shell would not stop at the first
# error of BUILDER.
cache_make() {
	local entry dir lock
	entry=$(cache_path "$1")
	shift
	[ ! -d "$entry" ] || return 0
	[ -z "${PLINTH_CACHED_ONLY:-}" ] || die "not in the cache: ${entry##*/}"
	mkdir -p "$PLINTH_CACHE"
	exec {lock}>"$PLINTH_CACHE/.lock-${entry##*/}"
	flock -n "$lock" || {
		say "waiting for another run that makes ${entry##*/}"
		flock "$lock"
	}
	if [ ! -d "$entry" ]; then
		rm -rf "$PLINTH_CACHE/.new-${entry##*/}".*
		dir=$(mktemp -d "$PLINTH_CACHE/.new-${entry##*/}.XXXXXX")
		# shellcheck disable=SC2064 # $dir as it is now
		trap "rm -rf '$dir'" EXIT
		# A child of the builder must not keep the lock alive.
		"$1" "$dir" "${@:2}" {lock}>&-
		chmod 755 "$dir"
		mv -T "$dir" "$entry"
		trap - EXIT
	fi
	exec {lock}>&-
}
