# fill: a manual page's template, with the tables in their places.
#
#	awk -v tables=PROGRAM -v sysconfdir=DIR -f fill.awk TEMPLATE
#
# A line `.\" @mdoc-options@' becomes what `PROGRAM mdoc-options' prints; in
# all other lines @sysconfdir@ is replaced.

/^\.\\" @[a-z-]+@$/ {
	topic = substr($2, 2, length($2) - 2)
	command = tables " " topic
	n = 0
	while ((command | getline line) > 0) {
		print line
		n++
	}
	if (close(command) != 0 || n == 0) {
		print "fill: " command ": failed" >"/dev/stderr"
		exit 1
	}
	next
}

/@sysconfdir@/ {
	at = index($0, "@sysconfdir@")
	$0 = substr($0, 1, at - 1) sysconfdir substr($0, at + 12)
}

{ print }
