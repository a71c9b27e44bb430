# The Debian package: what it says of itself, and what came of it in the
# directory $FIFOD_PACKAGES, which is what `contrib/check package' is for.

load helper/common

# Nothing of the build directory runs here.
setup()
{
	T=$BATS_TEST_TMPDIR
	SOURCE=$(cd "$TESTS/.." && pwd)
	DEBIAN=$SOURCE/contrib/debian
}

teardown()
{
	:
}

# package: what is installed by it is in $X
package()
{
	[ -n "${FIFOD_PACKAGES-}" ] ||
	    skip "no package: contrib/check package builds one"
	X=$T/x
	dpkg-deb -x "$FIFOD_PACKAGES"/fifod_*.deb "$X"
	dpkg-deb -e "$FIFOD_PACKAGES"/fifod_*.deb "$T/control"
}

@test "the package has the version of its program" {
	local version

	version=$(sed -n 's/^AC_INIT(\[fifod\], \[\(.*\)\])$/\1/p' \
	    "$SOURCE/configure.ac")
	run sed -n '1s/^fifod (\(.*\)-[0-9]*) .*/\1/p' "$DEBIAN/changelog"
	assert_output "$version"
}

@test "what configure asks for the package is built with" {
	local for thing package n=0

	# shellcheck source=../contrib/deps.sh
	. "$SOURCE/contrib/deps.sh"
	while read -r for thing package; do
		[[ $for == build && $thing == *.pc ]] || continue
		n=$((n + 1))
		grep -q "^ $package\>" "$DEBIAN/control" ||
		    fail "Build-Depends lacks $package"
	done < <(deps_table)
	[ "$n" -ge 4 ]
}

@test "lintian has nothing to say about the package" {
	package
	command -v lintian >/dev/null || skip "no lintian"
	run lintian --allow-root -EvIL +pedantic "$FIFOD_PACKAGES"/*.changes
	assert_output ''
}

@test "the package installs programs, manual, completions and units" {
	local file

	package
	while read -r file; do
		[ -f "$X/$file" ] || fail "$file is not in the package"
	done <<-'END'
	usr/bin/fifoctl
	usr/sbin/fifod
	usr/share/bash-completion/completions/fifoctl
	usr/share/zsh/site-functions/_fifoctl
	usr/share/fish/vendor_completions.d/fifoctl.fish
	usr/share/doc/fifod/cookbook.gz
	usr/share/doc/fifod/changelog.gz
	usr/share/doc/fifod/README.gz
	usr/share/doc/fifod/README.Debian
	lib/systemd/system/fifod.service
	lib/systemd/system/fifod@.service
	usr/lib/systemd/user/fifod.service
	etc/fifod.conf
	END
	for file in "$SOURCE"/share/man/*.in; do
		file=${file##*/} file=${file%.in}
		[ -f "$X/usr/share/man/man${file##*.}/$file.gz" ] ||
		    fail "the manual page $file is not in the package"
	done
	assert_equal "$(cat "$T/control/conffiles")" /etc/fifod.conf
	run grep -h '^Exec' "$X"/lib/systemd/system/* \
	    "$X"/usr/lib/systemd/user/*
	assert_line 'ExecStart=/usr/sbin/fifod -F'
	assert_line 'ExecReload=/usr/bin/fifoctl reload'
	[ "$(sort -u <<<"$output" | wc -l)" -eq 2 ]
}

@test "the example that becomes /etc/fifod.conf is right, and opens nothing" {
	package
	run -0 "$X/usr/sbin/fifod" -n -f "$X/etc/fifod.conf"
	assert_output ''
	run ! grep -qE '^[^#]' "$X/etc/fifod.conf"
	# Each of its lines that is commented out, too; but for what needs files.
	sed -e '/^#open queue/,/[^\\]$/d' -e 's/^#\([^ ]\|    -o\)/\1/' \
	    "$X/etc/fifod.conf" >"$T/all.conf"
	[ "$(grep -c ^open "$T/all.conf")" -ge 5 ]
	run -0 "$X/usr/sbin/fifod" -n -f "$T/all.conf"
}

@test "the package's programs do an exchange, as its own test says" {
	package
	mkdir "$T/bin" "$T/home"
	cp "$X/usr/bin/"* "$X/usr/sbin/"* "$T/bin"
	HOME=$T/home PATH=$T/bin:$PATH TMPDIR=$T \
	    run -0 within 30 sh -e "$DEBIAN/tests/session" 3>&-
	assert_output ''
}
