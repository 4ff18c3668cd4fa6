# SPDX-License-Identifier: GPL-2.0
# Sourced after common.sh: measurements in guests, some at a time. Counting
# instructions does not depend on what else the machine does.

BENCH_DIR=$VSWAP_ROOT/build/bench
BENCH_JOBS=${BENCH_JOBS:-$VSWAP_JOBS}
TITLE=part,contender,compressor,data,folios,figure,unit,value
queue=()

# later NAME GUEST-OPTION... -- COMMAND... - a guest for `all`; its lines go to
# build/bench/lines/NAME.csv.
later() { queue+=("$(printf '%q ' "$@")"); }

one() {
	local name=$1
	shift
	"$VSWAP_ROOT/scripts/guest" --timeout 1200 "$@" >"$BENCH_DIR/lines/$name.new" 2>"$BENCH_DIR/lines/$name.err" || {
		sed "s/^/$name: /" "$BENCH_DIR/lines/$name.err" >&2
		return 1
	}
	mv "$BENCH_DIR/lines/$name.new" "$BENCH_DIR/lines/$name.csv"
}

# all PART - runs the guests that wait, and gathers their lines, in order, in
# build/bench/PART.csv. Fails if one of them does, after all have run.
all() {
	local part=$1 total=${#queue[@]} started=0 running=0 failed=0 words files=()
	mkdir -p "$BENCH_DIR/lines"
	for words in "${queue[@]}"; do
		if [ $running -ge "$BENCH_JOBS" ]; then
			wait -n || failed=$((failed + 1))
			running=$((running - 1))
		fi
		eval "set -- $words"
		started=$((started + 1)) running=$((running + 1))
		files+=("$BENCH_DIR/lines/$1.csv")
		rm -f "$BENCH_DIR/lines/$1.csv"
		say "bench: $part, guest $started of $total: $1"
		in_background one "$@"
	done
	while [ $running -gt 0 ]; do
		wait -n || failed=$((failed + 1))
		running=$((running - 1))
	done
	queue=()
	{
		echo "$TITLE"
		cat "${files[@]}" 2>/dev/null || :
	} >"$BENCH_DIR/$part.csv"
	[ $failed -eq 0 ]
}

# setup CONTENDER - the options of scripts/guest and of measure for it, in
# GUEST and MEASURE.
setup() {
	local device=${1#vanilla-}
	MEASURE=(--setup "${device#patched-}" --contender "$1")
	GUEST=(--flavor release --icount --mem 640M)
	case $1 in
	vanilla-*) GUEST[1]=vanilla ;;
	zswap) GUEST+=(--disk 1G) ;;
	esac
	case $1 in
	*-disk) GUEST+=(--disk 1G) ;;
	# Without a recompressor, and with blocks on the disk.
	vswap-loose) MEASURE=(--setup vswap --contender vswap-loose --parameters recompressor=none) ;;
	vswap-packed) MEASURE=(--setup vswap --contender vswap-packed --parameters pack_writeback=Y) ;;
	# The ghost with the kernel's code for lz4 instead of its own.
	vswap-scomp) MEASURE=(--setup vswap --contender vswap-scomp --compressor lz4-scomp) ;;
	esac
}

# setup_ram CONTENDER MIB - the same for `measure ram`: free pages come and go by ten
# or so with what else the kernel does, so it takes many pages.
setup_ram() {
	setup "$1"
	GUEST+=(--mem 1G)
	MEASURE+=(--mb "$2")
}

# setup_capacity CONTENDER MIB KIND PROCESSES - the same for `measure capacity`, in a guest
# with so much RAM, and a disk of half of it for those that want one.
setup_capacity() {
	MEASURE=(--setup "$1" --ram "$2" --kind "$3" --processes "$4")
	GUEST=(--flavor release --mem "$2M" --cpus 1 --timeout 3000)
	case $1 in
	zswap | *-disk | *-disk-packed) GUEST+=(--disk "$(($2 / 2))M") ;;
	esac
}

# setup_packed CONTENDER - the same for `measure packed`: the ghost as it comes, over a disk,
# but for whether and how pages are packed that go there.
setup_packed() {
	local parameters=pack_writeback=Y
	GUEST=(--flavor release --icount --mem 640M --disk 512M)
	case $1 in
	whole) parameters=pack_writeback=N ;;
	packed-lz4) parameters+=" recompressor=none" ;;
	esac
	MEASURE=(--setup vswap-disk --contender "$1" --parameters "$parameters")
}

# in_programs CONTENDER - what else a guest of tests/bench/programs needs, and
# COMPRESSOR.
in_programs() {
	COMPRESSOR=lz4
	case $1 in
	vswap*) GUEST+=(--disk 1G) ;; # below it, as zswap has one
	*-*) COMPRESSOR=none ;;
	esac
}

# bench_prepare [PART...]
bench_prepare() {
	need_root
	# All but these need the unpatched kernel.
	[[ "$*" = @(capacity|packed) ]] || "$VSWAP_ROOT/scripts/kernel" vanilla
	"$VSWAP_ROOT/scripts/module" release
	"$VSWAP_ROOT/scripts/selftests"
}
