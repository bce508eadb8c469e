# shellcheck shell=bash
# What the makers of ramdisks and disk images share (sourced after
# scripts/cache-lib.sh, not run): an output that exists whole or not at all, a
# kernel by name, time stamps and owners that are always the same.
#
# Every maker reads its input from files, works in a directory beside its
# output and renames the result into place; the directory goes away however the
# maker ends.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scripts=$here/../../scripts
PATH=$PATH:/usr/sbin:/sbin
# shellcheck disable=SC2034 # for who sources this
epoch=1767225600 # 2026-01-01, where deterministic runs begin
umask 022

# output FILE: sets $out and makes the working directory $work beside it.
output() {
	out=$1
	mkdir -p "$(dirname "$out")" 2>/dev/null || die "cannot create $out"
	work=$(mktemp -d "$(dirname "$out")/.${out##*/}.XXXXXX") ||
		die "cannot create $out"
	trap 'rm -rf "$work"' EXIT
	trap 'exit 130' INT TERM HUP
}

# finish FILE: FILE is the output.
finish() {
	mv -f "$1" "$out"
}

# kernel_dir NAME: the directory of a kernel, which may be that directory, a
# name that scripts/fetch-kernel knows, or the release of one in the cache.
kernel_dir() {
	local version
	if [ -f "$1/version" ]; then
		(cd "$1" && pwd)
		return
	fi
	case $1 in
	debian-*)
		"$scripts/fetch-kernel" "$1"
		return
		;;
	esac
	for version in "$PLINTH_CACHE"/{,guest-}kernel-*/version; do
		if [ "$(cat "$version" 2>/dev/null)" = "$1" ]; then
			dirname "$version"
			return
		fi
	done
	die "no kernel $1: a directory, debian-SERIES-FLAVOUR, or a release in the cache"
}

# upstream KERNEL_DIR: the version of Linux that a kernel is made from, such as
# 6.1.192. Debian's releases do not always have it; their packages do.
upstream() {
	local text
	if [ -f "$1/package" ]; then
		text=$(cat "$1/package")
	else
		text=$(cat "$1/version")
	fi
	grep -oE '[0-9]+\.[0-9]+\.[0-9]+' <<<"${text##*_}" | head -n 1
}

# template_dir DIR: DIR, when it is a ramdisk's template.
template_dir() {
	[ -d "$1" ] || die "$1: no such template"
	[ -f "$1/init" ] || die "$1: this template has no init"
	printf '%s\n' "$1"
}

# template_modules TEMPLATE KERNEL_DIR: the module files of its ramdisk.
template_modules() {
	local lists=()
	[ ! -f "$1/modules.ramfs" ] || lists+=("$1/modules.ramfs")
	[ ! -f "$1/modules.autoload" ] || lists+=("$1/modules.autoload")
	case ${#lists[@]} in
	0) return 0 ;;
	1) [ -f "$1/modules.ramfs" ] ||
		die "$1: modules.autoload without modules.ramfs" ;;
	esac
	"$here/module-files" "$2" "${lists[@]}"
}

# depmod_tree ROOT KERNEL_DIR: indexes the modules below ROOT/lib/modules.
depmod_tree() {
	local release at file
	release=$(cat "$2/version")
	at=$1/lib/modules/$release
	for file in modules.builtin modules.builtin.modinfo modules.order; do
		[ ! -f "$2/modules/$file" ] || cp "$2/modules/$file" "$at/"
	done
	one_line "depmod fails" depmod -b "$1" "$release"
}

# unpack_modules DIR: the files below it, as the kernel takes them.
unpack_modules() {
	local suffix tool
	while read -r suffix tool; do
		# shellcheck disable=SC2086 # a command with its options
		one_line "cannot unpack the modules" find "$1" -name "*.ko.$suffix" \
			-exec $tool {} +
	done <<-END
		xz xz -dq
		zst zstd -dq --rm
		gz gzip -dq
	END
}
