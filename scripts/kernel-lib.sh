# shellcheck shell=bash disable=SC2154 # scripts, series, source: as said
# A guest kernel's source and configuration, for the scripts beside this file
# (sourced after cache-lib.sh, not run). The caller has set `series` (6.12),
# `scripts` (the directory of this file) and, before a function, `source` (what
# fetch-kernel-source prints). Environment: KCONFIG_DIR, a directory with a
# fragment and configurations of one's own instead of guest/linux.

linux=${KCONFIG_DIR:-$scripts/../guest/linux}
cross=${CROSS_COMPILE:-aarch64-linux-gnu-}
config=$linux/config-aarch64-$series
wanted=$linux/fragment

# kmake OUT TARGET...: the kernel's make, with nothing of ours in its
# environment: our make's variables and flags mean other things to it. Whether
# the machine has a Rust compiler makes no difference.
kmake() {
	local out=$1
	shift
	env -i PATH="$PATH" HOME="$HOME" TERM="${TERM:-dumb}" LC_ALL=C \
		KBUILD_BUILD_TIMESTAMP="2026-01-01 00:00:00 UTC" \
		KBUILD_BUILD_USER=plinth KBUILD_BUILD_HOST=plinth \
		KBUILD_BUILD_VERSION=1 \
		${KCONFIG_ALLCONFIG:+"KCONFIG_ALLCONFIG=$KCONFIG_ALLCONFIG"} \
		make -C "$source/linux" O="$out" ARCH=arm64 \
		CROSS_COMPILE="$cross" RUSTC=none "$@"
}

# kconf COMMAND ARG...: scripts/kconf/cli.py.
kconf() {
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$scripts \
		/usr/bin/python3 -m kconf.cli "$@"
}

# fragment_id: the state of the fragment that a configuration follows.
fragment_id() {
	hash_of "$(kconf wishes "$wanted" "$series")"
}

# resolve OUT: what the fragment comes to for this source, in OUT/.config.
resolve() {
	kconf wishes "$wanted" "$series" >"$1/allconfig"
	KCONFIG_ALLCONFIG=$1/allconfig kmake "$1" -s allnoconfig >"$1/log" 2>&1 || {
		cat "$1/log" >&2
		die "allnoconfig failed"
	}
	kconf require "$wanted" "$series" "$1/.config"
}

# save_config FILE: FILE becomes the configuration of this series.
save_config() {
	{
		echo "# Written by scripts/kernel-config, for the fragment $(fragment_id)."
		grep -v '^# Written by scripts/kernel-config' "$1"
	} >"$config.new"
	mv "$config.new" "$config"
}

# follow_fragment: makes the configuration anew if the fragment has changed. A
# subshell, so that the trap is its own.
follow_fragment() (
	grep -q "for the fragment $(fragment_id)\.\$" "$config" 2>/dev/null &&
		return 0
	[ -z "${PLINTH_CACHED_ONLY:-}" ] || die "not in the cache: a kernel of this fragment"
	new=$(mktemp -d)
	trap 'rm -rf "$new"' EXIT
	resolve "$new"
	if [ -f "$config" ]; then
		say "the fragment has changed: ${config##*/} follows"
		kconf diff "$config" "$new/.config" >&2
	else
		say "${config##*/} is made from the fragment"
	fi
	save_config "$new/.config"
)
