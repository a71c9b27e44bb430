# shellcheck shell=sh
# What belongs to the release.  Read by package and check, which set root.

# tree_copy DIR: of a checkout what git knows, as it is now, into DIR
tree_copy()
(
	# shellcheck disable=SC2154
	cd "$root" || exit
	if [ -e .git ]; then
		git ls-files -z | tar -cf - --null -T -
	else
		tar -cf - --exclude='./build*' --exclude=./packages .
	fi | tar --no-same-owner -xf - -C "$1"
)
