# SPDX-License-Identifier: GPL-2.0
# Sourced by those that build a kernel: its source, configuration and objects, in
# $work. They set $work, $pristine, the source that $patches are applied to, and
# $configs, of which the configuration is made. If they define add_source, it is called
# with the patched source to add files to it, which must not write to those that it has.
# shellcheck disable=SC2154 # set by who sources this

# series - the patches, in the order in which they apply.
series() { printf '%s\n' "$VSWAP_ROOT"/patches/*/*.patch; }

# files DIRECTORY - the inode and path of each.
files() { (cd "$1" && find . -type f -printf '%i %P\n' | sort); }

# The source of this flavor: links to the pristine one, but for files that were
# patched. Only where bytes change is the time a new one, so that make rebuilds no
# more than it must, and no less.
sync_source() {
	local new=$work/src.new src=$work/src old=$work/src.old p f
	need_package patch patch
	[ -e "$src" ] || [ ! -e "$old" ] || mv "$old" "$src"
	rm -rf "$new" "$old"
	# What it has, in case that it is itself a link to a directory.
	mkdir "$new"
	cp -al "$pristine/." "$new/"
	for p in "${patches[@]}"; do
		patch -d "$new" -p1 -s --no-backup-if-mismatch <"$p" ||
			die "${p##*/} does not apply to this kernel source"
	done
	[ "$(type -t add_source)" != function ] || add_source "$new"
	if [ -e "$src" ]; then
		while read -r _ f; do
			if cmp -s "$src/$f" "$new/$f"; then
				ln -f "$src/$f" "$new/$f"
			else
				cp "$new/$f" "$new/$f.changed"
				mv "$new/$f.changed" "$new/$f"
			fi
		done < <(comm -13 <(files "$src") <(files "$new"))
		mv "$src" "$old"
	else
		# Nobody knows what these were made of.
		find "$work/obj" -mindepth 1 -delete
	fi
	mv "$new" "$src"
	rm -rf "$old"
}

# Paths of source and objects are the same for all flavors, so that objects
# made for one serve the next.
kmake() {
	TREE_BINDS="$work/src:/usr/src/linux $work/obj:/usr/src/obj" TREE_CWD=/usr/src/linux \
		in_tree make -s O=/usr/src/obj LLVM=1 "$@"
}

configure() {
	TREE_BINDS="$work/src:/usr/src/linux $work/obj:/usr/src/obj" TREE_CWD=/usr/src/linux \
		in_tree bash -euc '
			root=$1
			shift
			cat "${@/#/$root/}" >/tmp/vswap-config.$$
			KCONFIG_ALLCONFIG=/tmp/vswap-config.$$ make -s O=/usr/src/obj LLVM=1 allnoconfig
			rm /tmp/vswap-config.$$
		' sh "$VSWAP_ROOT" "${configs[@]}"
	# A symbol that silently stayed off would make the tests test less.
	local wanted missing symbol
	wanted=$(cd "$VSWAP_ROOT" && cat "${configs[@]}" | grep '^CONFIG_.*=[ym]$' | sort -u)
	# Those of the patches are not there without them.
	for symbol in VSWAP PTE_MARKER_PAGEOUT; do
		grep -q "^config $symbol\$" "$work/src/mm/Kconfig" ||
			wanted=$(grep -v "^CONFIG_$symbol=" <<<"$wanted")
	done
	missing=$(comm -23 <(echo "$wanted") <(sort -u "$work/obj/.config"))
	[ -z "$missing" ] || die "the kernel's configuration did not take: ${missing//$'\n'/ }"
}

# start_from NAME - a kernel that differs from another in few objects need not make
# all, if the other one is there and nobody is making it.
start_from() {
	local other=$VSWAP_CACHE/$1
	[ ! -e "$work/obj" ] && [ -e "$other/key" ] || return 0
	(
		flock -n 9 && [ -e "$other/key" ] || exit 0
		say "starting ${work##*/} from the objects of $1"
		rm -rf "$work"
		mkdir -p "$work"
		cp -al "$other/src" "$work/src"
		cp -a "$other/obj" "$work/obj.new"
		mv "$work/obj.new" "$work/obj"
	) 9>"$VSWAP_CACHE/.lock-$1"
}

# keep_image FLAVOR - copies what a guest boots to build/FLAVOR.
keep_image() {
	local out=$VSWAP_ROOT/build/$1 image=$work/obj/arch/x86/boot/bzImage modules
	mkdir -p "$out"
	cmp -s "$image" "$out/bzImage" || cp "$image" "$out/bzImage"
	# The modules, in one directory, for the guest.
	modules=$out/modules
	rm -rf "$modules.new"
	mkdir "$modules.new"
	find "$work/obj" -name '*.ko' -exec cp -p -t "$modules.new" {} +
	if diff -rq "$modules" "$modules.new" >/dev/null 2>&1; then
		rm -rf "$modules.new"
	else
		rm -rf "$modules"
		mv "$modules.new" "$modules"
	fi
}
