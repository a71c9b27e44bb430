# What holds for all of the sources: floors, lists, manual pages, scripts.

load helper/common

# Nothing runs here.
setup()
{
	T=$BATS_TEST_TMPDIR
	SOURCE=$(cd "$TESTS/.." && pwd)
}

teardown()
{
	:
}

# ---- floors

floor_of()
{
	case $1 in
	main) echo 5 ;;
	command) echo 4 ;;
	session) echo 3 ;;
	transport | framing | channel) echo 2 ;;
	keeper) echo 1 ;;
	base) echo 0 ;;
	*) return 1 ;;
	esac
}

# includes_of FILE: what stands between the quotes of its #include lines
includes_of()
{
	sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' \
	    "$1"
}

# include_wrong SRC FILE HEADER: prints why FILE, beneath SRC, may not include
# HEADER; nothing where it may
include_wrong()
{
	local own=${2%%/*} other=${3%%/*}

	case $3 in
	# The tables that src/local.mk makes, each for one file.
	transport_list.h | framing_list.h | command_list.h)
		[ "$2" = "${3%_list.h}/${3%_list.h}.c" ] ||
		    echo "is not that table's file"
		return ;;
	esac
	if ! floor_of "$own" >/dev/null; then
		echo "stands on no floor"
	elif [ ! -e "$1/$3" ] || ! floor_of "$other" >/dev/null; then
		echo "includes what is no \"floor/file.h\""
	elif [ "$(floor_of "$other")" -gt "$(floor_of "$own")" ]; then
		echo "looks up"
	elif [ "$own" != "$other" ] &&
	    [ "$(floor_of "$other")" -eq "$(floor_of "$own")" ]; then
		echo "looks sideways"
	elif [ "$own" = framing ] && [ "$other" != framing ] &&
	    [[ $3 != base/@(buf|option).h ]]; then
		echo "is pure: it uses base/buf.h and base/option.h alone"
	fi
}

# floors_check SRC: prints each include that is wrong, and fails
floors_check()
{
	local file header why found=0 wrong=0

	while read -r file; do
		while read -r header; do
			found=$((found + 1))
			why=$(include_wrong "$1" "$file" "$header")
			[ -n "$why" ] || continue
			echo "$file: $header: $why"
			wrong=1
		done < <(includes_of "$1/$file")
	done < <(cd "$1" && find . -name '*.[ch]' | sed 's|^\./||' | sort)
	echo "$found includes"
	return $wrong
}

@test "no file includes a header of a higher floor, or of a sibling's" {
	run -0 floors_check "$SOURCE/src"
	[ "$(tail -n 1 <<<"$output" | cut -d " " -f 1)" -gt 250 ]
}

@test "an include that goes up or sideways is found" {
	local src=$T/src line

	mkdir -p "$src"/{main,command,session,transport,framing,channel} \
	    "$src"/{keeper,base,extra}
	touch "$src"/{main/a,command/a,session/a,transport/a,framing/a}.h \
	    "$src"/{channel/a,keeper/a,base/a,base/buf,extra/a}.h
	while IFS='|' read -r file header why; do
		rm -f "$src"/*/x.c
		printf '#include <stdio.h>\n#include "base/a.h"\n # include "%s" /* */\n' \
		    "$header" >"$src/$file"
		run floors_check "$src"
		if [ -n "$why" ]; then
			assert_failure
			assert_output --partial "$file: $header: $why"
		else
			assert_success
		fi
	done <<-'END'
	main/x.c|command/a.h|
	main/x.c|main/a.h|
	session/x.c|transport/a.h|
	keeper/x.c|base/a.h|
	command/x.c|main/a.h|looks up
	base/x.c|keeper/a.h|looks up
	channel/x.c|session/a.h|looks up
	transport/x.c|channel/a.h|looks sideways
	framing/x.c|transport/a.h|looks sideways
	channel/x.c|channel/a.h|
	base/x.c|a.h|includes what is no
	base/x.c|./a.h|includes what is no
	session/x.c|../base/a.h|includes what is no
	session/x.c|extra/a.h|includes what is no
	session/x.c|transport_list.h|is not that table's file
	extra/x.c|base/a.h|stands on no floor
	END
	rm "$src"/*/x.c
	echo '#include "keeper/a.h"' >"$src/framing/x.c"
	run ! floors_check "$src"
	assert_output --partial 'framing/x.c: keeper/a.h: is pure'
	echo '#include "base/buf.h"' >"$src/framing/x.c"
	run -0 floors_check "$src"
}

# ---- lists

@test "every source file stands in a list, so that a release has it" {
	local file

	cd "$SOURCE"
	for file in src/*/*.[ch]; do
		grep -qF "$file" src/local.mk ||
		    fail "$file is not in src/local.mk"
	done
	for file in tests/*.bats tests/*.[ch] tests/helper/*; do
		grep -qF "$file" tests/local.mk ||
		    fail "$file is not in tests/local.mk"
	done
	for file in tests/unit/*.[ch] tests/fuzz/*.[ch] tests/bench/*.[ch]; do
		grep -qF "$file" tests/*/local.mk tests/local.mk ||
		    fail "$file is in no list"
	done
	for file in share/man/*.in share/systemd/*.in share/systemd/user/*.in
	do
		grep -qF "$file" share/local.mk ||
		    fail "$file is not in share/local.mk"
	done
}

@test "what the lists name is there" {
	local file

	cd "$SOURCE"
	for file in $(sed 's/#.*//' src/local.mk tests/local.mk |
	    grep -oE '(src|tests)/[a-z_/]+\.([ch]|bats|bash)' |
	    grep -v '_list\.h$'); do
		[ -e "$file" ] || fail "$file is listed and not there"
	done
}

# ---- the manual

pages()
{
	PAGES=("$BUILD"/share/man/*.[1-9])
	[ -e "${PAGES[0]}" ] || skip "the manual pages are not built here"
	MANUAL=$T/manual
	# As a reader sees it, or as it was written.
	if command -v mandoc >/dev/null; then
		mandoc -T ascii "${PAGES[@]}" | sed 's/.\x08//g'
	else
		cat "${PAGES[@]}"
	fi >"$MANUAL"
}

# in_manual WHAT WORD: the word stands there by itself
in_manual()
{
	local word=${2//./\\.}

	grep -Eq -- "(^|[^A-Za-z0-9-])$word([^A-Za-z0-9-]|\$)" "$MANUAL" ||
	    fail "the manual does not speak of the $1 $2"
}

@test "the six manual pages are there" {
	pages
	assert_equal "$(printf '%s\n' "${PAGES[@]##*/}" | sort |
	    tr '\n' ' ')" \
	    'fifoctl.1 fifod-framing.7 fifod-security.7 fifod-session.7 fifod.8 fifod.conf.5 '
}

@test "every option of sessions and its default is in the manual" {
	pages
	local key n=0

	while read -r key; do
		in_manual option "$key"
		n=$((n + 1))
	done < <("$FIFOCTL" help options | sed -n 's/^  \([a-z-]*\)=.*/\1/p')
	[ "$n" -ge 20 ]
	# Those of the design that every release has.
	for key in connect reconnect backoff timeout-connect verify \
	    verify-name ca crl ocsp pin sni alpn cert key tls-min tls-max \
	    ciphers keylog resume crlf on-close mode group pipe-size; do
		in_manual option "$key"
	done
}

@test "every command and each of its options is in the manual" {
	pages
	local command option n=0

	while read -r command; do
		in_manual command "$command"
		n=$((n + 1))
		while read -r option; do
			[ "$option" = help ] ||
			    grep -Eq -- "--$option([^a-z]|\$)" "$MANUAL" ||
			    fail "the manual lacks --$option of $command"
		done < <("$FIFOCTL" help "$command" |
		    sed -n 's/^  [- ].*--\([a-z-]*\).*/\1/p')
	done < <("$FIFOCTL" help | sed -n 's/^  \([a-z]\{1,\}\).*/\1/p')
	[ "$n" -ge 14 ]
	for option in F f n r v; do
		in_manual "option of fifod" "-$option"
	done
}

@test "every endpoint, framing, exit status, state, fact and ctl command is in it" {
	pages
	local word

	for word in $("$FIFOCTL" help endpoints |
	    sed -n 's/^  \([a-z]*:\/\/\).*/\1/p'); do
		grep -qF "$word" "$MANUAL" || fail "no $word in the manual"
	done
	for word in $("$FIFOCTL" help framings |
	    sed -n 's/^  \([a-z0-9]\{1,\}\).*/\1/p'); do
		in_manual framing "$word"
	done
	for word in $("$FIFOCTL" help exit |
	    sed -n 's/^ *\([0-9]\{1,\}\) .*/\1/p'); do
		in_manual "exit status" "$word"
	done
	for word in idle resolving connecting handshake up listening backoff \
	    closing failed closed; do
		in_manual state "$word"
	done
	for word in name endpoint state since local peer tls verified \
	    alpn-chosen links bytes-in bytes-out queued reconnects uncertain \
	    discarded keeper engine sandbox error error-since; do
		in_manual fact "$word"
	done
	for word in reconnect eof discard close set; do
		in_manual "ctl command" "$word"
	done
	for word in in out ctl status log peer.pem log.0 sock ch; do
		in_manual file "$word"
	done
}

@test "every question to the keeper is explained" {
	[ -x "$BUILD/src/main/tables" ] || skip "not built here"
	run "$BUILD/src/main/tables" mdoc-questions
	refute_output --regexp $'\\.It Cm [a-z-]+\n\\('
	[ "$(grep -c '^\.It' <<<"$output")" -ge 20 ]
}

@test "mandoc has nothing to say about the manual pages" {
	pages
	command -v mandoc >/dev/null || skip "no mandoc"
	local page

	# All in one place: it looks for the pages that they refer to.
	mkdir "$T"/man
	for page in "${PAGES[@]}"; do
		mkdir -p "$T/man/man${page##*.}"
		cp "$page" "$T/man/man${page##*.}"
	done
	cd "$T/man"
	MANPATH=$T/man: run mandoc -T lint -W style man*/*
	# Which pages of other packages are installed here is not ours.
	assert_equal "$(grep -vE 'manual not found|mandoc\.db' <<<"$output")" ''
	for page in fifoctl.1 fifod.8 fifod.conf.5 fifod-session.7 \
	    fifod-framing.7 fifod-security.7; do
		refute_output --regexp \
		    "not found: Xr ${page%.*} [^${page##*.}]"
	done
}

@test "a page's template has no place that was not filled" {
	pages
	run grep -nE '@[a-z-]+@' "${PAGES[@]}"
	assert_output ''
}

# ---- scripts

@test "shellcheck has nothing to say about the scripts" {
	command -v shellcheck >/dev/null || skip "no shellcheck"
	local file

	cd "$SOURCE"
	while read -r file; do
		run shellcheck -x -P SCRIPTDIR "$file"
		assert_output ''
	done < <(find contrib .ci share tests -type f 2>/dev/null |
	    while read -r file; do
		read -r first <"$file" 2>/dev/null || continue
		case $first in
		'#!/bin/sh'* | '#!/bin/bash'* | '#!/usr/bin/env bash'*)
			echo "$file" ;;
		esac
	done)
	run shellcheck -s bash -e SC2154,SC2034 tests/helper/*.bash
	assert_output ''
}
