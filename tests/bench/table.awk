# table.awk: medians and quotients.
# usage: awk -f table.awk -v groups=' NAME NAME ' targets raw.tsv
# Exit status 1 if a value is missing, but for peers that are not here.

function median(key,	i, j, n, v, t)
{
	n = split(values[key], v, " ")
	for (i = 2; i <= n; i++) {
		t = v[i] + 0
		for (j = i - 1; j > 0 && v[j] + 0 > t; j--)
			v[j + 1] = v[j]
		v[j + 1] = t
	}
	if (n % 2)
		return v[(n + 1) / 2]
	return (v[n / 2] + v[n / 2 + 1]) / 2
}

function short(x)
{
	if (x >= 100 || x == int(x))
		return sprintf("%.0f", x)
	if (x >= 10)
		return sprintf("%.1f", x)
	return sprintf(x >= 1 ? "%.2f" : "%.3f", x)
}

function row(figure, ours, peer, ratio, wanted, met)
{
	printf "%-31s %8s  %-17s %6s  %-7s %s\n", figure, ours, peer, ratio,
	    wanted, met
}

# A wish of "1/80" is shown as such a quotient.
function quotient(ours, theirs, factor)
{
	if (theirs <= 0 || ours <= 0)
		return "-"
	if (factor ~ /^1\//)
		return sprintf("1/%.1f", theirs / ours)
	return sprintf("%.2f", ours / theirs)
}

function number(factor)
{
	return factor ~ /^1\// ? 1 / substr(factor, 3) : factor + 0
}

function meets(a, op, b)
{
	return op == ">=" ? a >= b : op == "<=" ? a <= b : a < b
}

# The figure's text and value stand in its first row only.
function compare(figure, peer, op, factor,	key, limit, ours, theirs, ratio,
    met, wanted)
{
	key = figure SUBSEP "fifod"
	ours = key in values ? median(key) : "-"
	wanted = op == "" ? "-" : op " " factor
	limit = peer ~ /^limit=/
	key = figure SUBSEP peer
	if (limit)
		theirs = substr(peer, 7) + 0
	else if (key in values)
		theirs = median(key)
	else
		theirs = "-"
	ratio = met = "-"
	if (ours != "-" && theirs != "-") {
		ratio = quotient(ours, theirs, factor)
		if (op != "")
			met = meets(ours, op, number(factor) * theirs) ? \
			    "yes" : "NO"
	}
	if (ours == "-" || (peer != "" && theirs == "-" &&
	    !(("absent", peer) in values)))
		missing = 1
	row(shown[figure]++ ? "" : text[figure],
	    shown[figure] > 1 ? "" : ours == "-" ? "-" : short(ours),
	    peer == "" ? "-" : (limit ? "limit" : peer) " " \
	    (theirs == "-" ? "-" : short(theirs)), ratio, wanted, met)
}

/^#/ || /^$/ {
	next
}

FILENAME == ARGV[1] && /^[a-z]/ {
	figure = $1
	order[++figures] = figure
	text[figure] = $0
	sub(/^[^\t]*\t+/, "", text[figure])
	next
}

FILENAME == ARGV[1] {
	targets[figure] = targets[figure] $0 "\n"
	next
}

{
	values[$1, $2] = values[$1, $2] " " $4
}

END {
	row("figure", "fifod", "peer", "ratio", "wanted", "met?")
	for (i = 1; i <= figures; i++) {
		figure = order[i]
		name = figure
		sub(/\..*/, "", name)
		if (!index(groups, " " name " "))
			continue
		if (("absent", name) in values) {
			row(text[figure], "-", "left out", "-", "-", "-")
			continue
		}
		lines = split(targets[figure], line, "\n") - 1
		if (lines < 1)
			compare(figure, "", "", "")
		for (j = 1; j <= lines; j++) {
			split(line[j], word, " ")
			compare(figure, word[1], word[2], word[3])
		}
	}
	exit missing
}
