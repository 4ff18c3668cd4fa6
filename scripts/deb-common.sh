# SPDX-License-Identifier: GPL-2.0
# Sourced by those that make Debian packages: versions, and where things are built.
# shellcheck disable=SC2034 # used by who sources this

TREE=$VSWAP_CACHE/deb-tree

# The project's version; VSWAP_DEB_REVISION is appended, as "+1", for packages that are
# to be an upgrade of the last ones.
version=$(sed -n '1s/^vswap (\(.*\)).*/\1/p' "$VSWAP_ROOT/debian/changelog")${VSWAP_DEB_REVISION:-}
# The time that is in the packages: that of the newest entry of the change log.
SOURCE_DATE_EPOCH=$(date -u -d "$(sed -n 's/^ -- .*>  //p' "$VSWAP_ROOT/debian/changelog" | head -n 1)" +%s)
export SOURCE_DATE_EPOCH
# Where the packages go. Those that are to be an upgrade are beside the others.
out=$VSWAP_ROOT/build/deb${VSWAP_DEB_REVISION:+$VSWAP_DEB_REVISION}
# Where debian/ directories are built. In the tree it has the same name for everybody.
staging=$VSWAP_CACHE/deb-build

# in_staging DIRECTORY COMMAND... - runs it in the tree for packages, in that directory of
# the staging area. Tests are run by scripts/host-tests.
in_staging() {
	local dir=$1
	shift
	TREE_BINDS="$staging:/usr/src/deb ${STAGING_BINDS:-}" TREE_CWD=/usr/src/deb/$dir \
		in_tree env SOURCE_DATE_EPOCH="$SOURCE_DATE_EPOCH" CARGO_HOME="$VSWAP_CACHE/cargo" \
		DEB_BUILD_OPTIONS="nocheck noautodbgsym parallel=$VSWAP_JOBS" "$@"
}

# changelog VERSION - a change log, with this version for its newest entry.
changelog() { sed "1s/([^)]*)/($1)/"; }

# pack_kernel DIRECTORY - makes packages of the kernel that was built there, and leaves
# them in build/deb.
pack_kernel() {
	local work=$1 dir=linux-vswap release upstream clang rustc f
	release=$(cat "$work/obj/include/config/kernel.release")
	upstream=${release%%-*}
	clang=$(in_tree clang -dumpversion | cut -d. -f1)
	rustc=$(in_tree rustc --version | cut -d' ' -f2)
	rm -rf "${staging:?}/$dir"
	mkdir -p "$staging/$dir/debian/source"
	for f in control preinst postinst prerm postrm; do
		sed "s/@RELEASE@/$release/g; s/@UPSTREAM@/$upstream/g; s/@CLANG@/$clang/g; s/@RUSTC@/$rustc/g" \
			"$VSWAP_ROOT/packaging/linux/$f.in" >"$staging/$dir/debian/$f"
	done
	for f in preinst postinst prerm postrm; do
		mv "$staging/$dir/debian/$f" "$staging/$dir/debian/linux-image-$release.$f"
	done
	for f in "$VSWAP_ROOT"/packaging/linux/*.lintian-overrides; do
		[ -e "$f" ] || continue
		cp "$f" "$staging/$dir/debian/$(basename "$f" | sed "s/RELEASE/$release/")"
	done
	cp "$VSWAP_ROOT/packaging/linux/rules" "$VSWAP_ROOT/packaging/linux/copyright" "$staging/$dir/debian/"
	chmod 755 "$staging/$dir/debian/rules"
	echo '3.0 (native)' >"$staging/$dir/debian/source/format"
	# The kernel's version, then the project's.
	changelog "$upstream+vswap$version" <"$VSWAP_ROOT/debian/changelog" |
		sed '1s/^vswap /linux-vswap /' >"$staging/$dir/debian/changelog"
	rm -f "$staging"/linux-*.deb
	STAGING_BINDS="$work/src:/usr/src/linux $work/obj:/usr/src/obj" \
		as_step "packing the kernel" 150 in_staging $dir dpkg-buildpackage -us -uc -b -nc
	mkdir -p "$out"
	rm -f "$out"/linux-*.deb
	cp "$staging"/linux-*.deb "$out/"
}
