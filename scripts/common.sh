# SPDX-License-Identifier: GPL-2.0
# Sourced by the other scripts: places, messages, cache steps, and running a
# command inside the build tree.

set -euo pipefail

VSWAP_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VSWAP_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/vswap
KERNEL_SERIES=7.3
VSWAP_JOBS=${VSWAP_JOBS:-$(nproc)}

say() { printf '%s vswap: %s\n' "$(date +%T)" "$*" >&2; }
die() { printf 'vswap: %s\n' "$*" >&2; exit 1; }

# hash_of FILE... - a key that changes when a name or a byte of them does.
hash_of() { (cd "$VSWAP_ROOT" && sha256sum "$@") | sha256sum | cut -c1-16; }

# locked NAME COMMAND... - runs it when no other process makes this part of the cache.
locked() {
	local name=$1
	shift
	mkdir -p "$VSWAP_CACHE"
	(
		if ! flock -n 9; then
			say "waiting for another build of $name"
			flock 9
		fi
		"$@"
	) 9>"$VSWAP_CACHE/.lock-$name"
}

# progress LABEL TOTAL - reads lines, shows how many have come, keeps the last
# ones for the case of an error. The whole output goes to the log named by
# $VSWAP_LOG.
progress() {
	local n=0 next=0 line
	while IFS= read -r line; do
		printf '%s\n' "$line"
		n=$((n + 1))
		if ((SECONDS >= next)); then
			next=$((SECONDS + 15))
			say "$1: $n of about $2 lines of output"
		fi
	done >"$VSWAP_LOG"
}

# as_step LABEL TOTAL COMMAND... - runs a long command with progress; on an
# error shows the end of its log.
as_step() {
	local label=$1 total=$2
	shift 2
	VSWAP_LOG=$VSWAP_CACHE/log-${label//[^a-z0-9A-Z]/-}
	say "$label (log: $VSWAP_LOG)"
	if ! "$@" 2>&1 | progress "$label" "$total"; then
		tail -n 30 "$VSWAP_LOG" >&2
		die "$label failed; the whole log is $VSWAP_LOG"
	fi
}

# in_background COMMAND... - starts it; its process is $!. It ends with this script,
# which a ^C alone does not see to.
in_background() {
	trap 'for job in $(jobs -rp); do kill -TERM -- "-$job" || :; done' EXIT
	set -m
	"$@" </dev/null &
	set +m
}

need_root() {
	[ "$(id -u)" = 0 ] || die "this step needs root: the build tree is a chroot (run it with sudo)"
}

# cargo_targets NAME DIR... - prepares a directory of cargo's in the cache, for sources in
# these directories. Cargo goes by time: what another copy of the project left there may
# be younger than the files here.
cargo_targets() {
	local targets=$VSWAP_CACHE/$1-target
	shift
	mkdir -p "$VSWAP_CACHE/cargo" "$targets"
	[ "$(cat "$targets/root" 2>/dev/null)" != "$VSWAP_ROOT" ] || return 0
	(cd "$VSWAP_ROOT" && find "$@" -name '*.rs' -exec touch {} +)
	echo "$VSWAP_ROOT" >"$targets/root"
}

# need_package COMMAND PACKAGE - installs what a step needs where apt can.
need_package() {
	command -v "$1" >/dev/null && return
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		die "'$1' is missing and cannot be installed here: install the package '$2'"
	fi
	say "installing $2"
	{ apt-get install -y -q "$2" || { apt-get update -q && apt-get install -y -q "$2"; }; } \
		>"$VSWAP_CACHE/log-apt" 2>&1 ||
		die "'$1' is missing and apt-get could not install it: install the package '$2' (log: $VSWAP_CACHE/log-apt)"
}

TREE=$VSWAP_CACHE/tree

# in_tree COMMAND... - runs it in the build tree, in a mount namespace of its
# own, with the project and the cache at the same paths as outside. More binds:
# TREE_BINDS="outside:inside ...".
in_tree() {
	need_root
	unshare --mount --propagation private -- bash -euc '
		tree=$1 root=$2 cache=$3 binds=$4 cwd=$5
		shift 5
		mount --bind "$tree" "$tree"
		mount -t proc proc "$tree/proc"
		mount --rbind /sys "$tree/sys"
		mount --rbind /dev "$tree/dev"
		mount -t tmpfs tmpfs "$tree/run"
		mount --rbind /tmp "$tree/tmp"
		for d in "$root" "$cache"; do
			mkdir -p "$tree$d"
			mount --bind "$d" "$tree$d"
		done
		for b in $binds; do
			mkdir -p "$tree${b#*:}"
			mount --bind "${b%%:*}" "$tree${b#*:}"
		done
		# Name resolution and certificates as on the host.
		for f in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt; do
			[ ! -e "$f" ] || { mkdir -p "$tree${f%/*}"; touch "$tree$f"; mount --bind "$f" "$tree$f"; }
		done
		exec env -u RUSTUP_HOME -u RUSTC -u CARGO \
			PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
			chroot "$tree" /bin/bash -c "cd \"\$0\" && exec \"\$@\"" "$cwd" "$@"
	' in_tree "$TREE" "$VSWAP_ROOT" "$VSWAP_CACHE" "${TREE_BINDS:-}" "${TREE_CWD:-$VSWAP_ROOT}" "$@"
}
