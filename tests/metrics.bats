# fifoctl metrics: OpenMetrics text, read by a parser of others.

# What `eval' and `sh -c' get is in '…'; port is set elsewhere.
# shellcheck disable=SC2016,SC2154

load helper/common
load helper/exchange
load helper/world

setup()
{
	common_setup
	start_broker
}

# The parser that prometheus_client has.
READ='
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
for family in text_string_to_metric_families(sys.stdin.read()):
    if family.samples or len(sys.argv) > 1:
        print("#", family.name, family.type, family.unit or "-",
            family.documentation)
    for s in family.samples:
        labels = ",".join("%s=%s" % pair for pair in sorted(s.labels.items()))
        print("%s{%s} %.17g" % (s.name, labels, s.value))
'

# measure [all]: what the parser makes of it in $T/parsed
measure()
{
	/usr/bin/python3 -c 'import prometheus_client.openmetrics.parser' \
	    2>/dev/null || skip "no prometheus_client of python3"
	ctl metrics >"$T/metrics"
	/usr/bin/python3 -c "$READ" "$@" <"$T/metrics" >"$T/parsed"
}

# sample NAME [LABELS]: the value of one
sample()
{
	awk -v want="$1{${2-}}" '$0 != "" && substr($0, 1, 1) != "#" {
		key = $0; sub(/ [^ ]*$/, "", key)
		if (key == want) print $NF
	}' "$T/parsed"
}

# sample_is NAME LABELS VALUE
sample_is()
{
	measure
	[ "$(sample "$1" "$2")" = "$3" ] ||
	    fail "$1{$2} is '$(sample "$1" "$2")', not '$3'"
}

@test "what metrics prints is OpenMetrics, and its last line says so" {
	start_peer a http
	open_session web "http://127.0.0.1:$port"
	open_session idle "tcp://127.0.0.1:$port" connect=on-demand
	measure all
	run -0 tail -n 1 "$T/metrics"
	assert_output '# EOF'
	# Without sessions, too.
	ctl close web
	ctl close idle
	measure
	[ "$(sample fifod_sessions state=up)" = 0 ]
	run ! grep fifod_session_ "$T/parsed"
}

@test "every metric has a type, a sentence, and its unit in its name" {
	start_peer a http
	open_session web "http://127.0.0.1:$port"
	measure all
	grep -q '^# fifod_session_in_bytes counter bytes Bytes passed' \
	    "$T/parsed"
	grep -q '^# fifod_session_state stateset - ' "$T/parsed"
	grep -q '^# fifod_build info - ' "$T/parsed"
	grep -q '^# fifod_session_queued_bytes gauge bytes ' "$T/parsed"
	run ! grep -Ev '^# [a-z_]+ (gauge|counter|info|stateset) (-|bytes|seconds) [A-Z].*[.]$|^[a-z_]+\{.*\} [0-9.e+]+$' \
	    "$T/parsed"
	# Every one of them is in the manual.
	grep '^# TYPE' "$T/metrics" | while read -r _ _ name type; do
		case $type in
		counter) name=${name}_total ;;
		info) name=${name}_info ;;
		esac
		grep -qx "\.It Cm $name" "$BUILD/share/man/fifoctl.1" ||
		    fail "$name is not in fifoctl(1)"
	done
}

@test "the broker tells what it is, has and uses" {
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	ctl channel s
	descriptors_at_rest "$(engine_pid)"
	measure
	[ "$(sample fifod_links)" = 1 ]
	[ "$(sample fifod_channels)" = 1 ]
	[ "$(sample fifod_chunks)" = 0 ]
	grep -q "^fifod_build_info{version=$("$FIFOD" -V | cut -d' ' -f2)} 1" \
	    "$T/parsed"
	run -0 sample fifod_start_time_seconds
	[ "${output%.*}" -le "$EPOCHSECONDS" ]
	[ "${output%.*}" -gt $((EPOCHSECONDS - 600)) ]
	is_portable && skip "the portable build does not know what it uses"
	# Our own call has a descriptor, too.
	[ "$(sample fifod_open_descriptors)" -eq $((N + 1)) ]
	[ "$(sample fifod_resident_memory_bytes)" -gt 1000000 ]
}

@test "the state of a session is a set with one that holds" {
	start_peer a script --refuse
	run -7 open_session s "tcp://127.0.0.1:$port" reconnect=never
	sample_is fifod_session_state fifod_session_state=failed,session=s 1
	[ "$(sample fifod_session_state fifod_session_state=up,session=s)" = 0 ]
	[ "$(grep -c '^fifod_session_state{.*session=s} 1$' "$T/parsed")" = 1 ]
	[ "$(sample fifod_sessions state=failed)" = 1 ]
	[ "$(sample fifod_session_error_status session=s)" = 7 ]
	[ "$(sample fifod_session_failures_total session=s)" = 1 ]
	run -0 sample fifod_session_state_seconds session=s
	[ "${output%.*}" -lt 60 ]
}

@test "exchanges are counted by how they have ended" {
	scripted a "$REQUEST" "$OK" "$REQUEST" "$OK" "$REQUEST" \
	    'send HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf' close
	open_session s "http://127.0.0.1:$port" retry=never
	ask s /1
	ask s /2
	ask s /3
	sample_is fifod_session_exchanges_total outcome=complete,session=s 2
	sample_is fifod_session_exchanges_total outcome=truncated,session=s 1
	sample_is fifod_session_exchanges_total outcome=cancelled,session=s 0
	[ "$(sample fifod_session_in_bytes_total session=s)" = \
	    "$(status_of s bytes-in)" ]
	[ "$(sample fifod_session_out_bytes_total session=s)" = \
	    "$(status_of s bytes-out)" ]
	run -0 status_of s outcomes
	assert_line 'complete 2'
	assert_line 'truncated 1'
}

@test "connections are counted, and what is up of them is told" {
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	ctl reconnect s
	wait_status s links 2
	wait_status s state up
	sample_is fifod_session_connections_total session=s 2
	[ "$(sample fifod_session_reconnects_total session=s)" = 1 ]
	[ "$(sample fifod_session_links session=s)" = 1 ]
	[ "$(status_of s connected)" = 1 ]
	# In seconds here, in milliseconds there.
	run -0 sample fifod_session_up_in_seconds session=s
	awk -v s="$output" -v ms="$(status_of s up-in)" \
	    'BEGIN { d = s * 1000 - ms; exit !(d < 0.11 && d > -0.11) }'
	stop_peer a
	wait_status s connected 0
	sample_is fifod_session_links session=s 0
}

@test "metrics tell when the peer's certificate ends, and whether it was verified" {
	# shellcheck disable=SC2046
	start_peer a http $(tls good)
	open_session s "https://localhost:$port" ca="$CERTS/ca.pem"
	open_session t "https://localhost:$port" verify=no
	sample_is fifod_session_certificate_expiry_timestamp_seconds \
	    session=s "$(date +%s -d "$(openssl x509 -noout -enddate \
	    -in "$CERTS/good.pem" | cut -d= -f2)")"
	grep -q "^fifod_session_endpoint_info{endpoint=https://localhost:$port,framing=http,session=s,tls=TLSv1.*,verified=yes} 1" \
	    "$T/parsed"
	grep -q "^fifod_session_endpoint_info{.*session=t,.*verified=no.*} 1" \
	    "$T/parsed"
	assert_equal "$(status_of s certificate-until)" 2049-01-01
}

@test "what stands in a label cannot be taken for a metric" {
	local odd=$T/$'a"} 1\\n# EOF\xff\xc2\x9b'
	open_session odd.name@-_ "unix:$odd" --no-wait \
	    framing='delim:"} 1\n#'
	open_session run "exec:cat # s3cret"
	measure
	[ "$(grep -c '^fifod_session_endpoint_info' "$T/parsed")" = 2 ]
	run -0 grep -c . "$T/metrics"
	grep -q '^fifod_session_links{session=odd.name@-_} 0' "$T/parsed"
	run ! grep -q $'[^[:print:]]' "$T/metrics"
	# A program's words are not for everybody who sees the numbers.
	run ! grep s3cret "$T/metrics"
	grep -q '^fifod_session_endpoint_info{endpoint=exec,' "$T/parsed"
}

@test "the samples of many sessions stand together, every one of them" {
	local i
	for ((i = 0; i < 400; i++)); do
		echo "open s$i tcp://127.0.0.1:9 -o connect=on-demand"
	done >"$T/fifod.conf"
	ctl reload
	measure
	[ "$(sample fifod_sessions state=idle)" = 400 ]
	[ "$(grep -c '^fifod_session_links{' "$T/parsed")" = 400 ]
	[ "$(grep -c '^fifod_session_in_bytes_total{' "$T/parsed")" = 400 ]
	[ "$(grep -c '^# TYPE fifod_session_links ' "$T/metrics")" = 1 ]
}

@test "a scrape that is not read costs its own call alone" {
	start_peer a echo
	open_session s "tcp://127.0.0.1:$port"
	# shellcheck disable=SC2016
	run -0 within 10 bash -c '"$FIFOCTL" metrics | head -n 1'
	echo hello >"$S/in"
	run -0 within 10 head -n 1 "$S/out"
	assert_output hello
	measure
}

@test "metrics --prometheus is the older format, with all the same samples" {
	# shellcheck disable=SC2046
	start_peer a http $(tls good)
	open_session s "https://localhost:$port" ca="$CERTS/ca.pem"
	ask s /
	measure
	ctl metrics --prometheus >"$T/older"
	run ! grep -E '^# (UNIT|EOF)' "$T/older"
	run ! grep -E '^# TYPE .* (info|stateset|unknown)$' "$T/older"
	grep -q '^# TYPE fifod_session_in_bytes_total counter$' "$T/older"
	/usr/bin/python3 -c "${READ//openmetrics.parser/parser}" \
	    <"$T/older" >"$T/parsed.older"
	cut -d' ' -f1 "$T/parsed" | grep -v '^#' | sort >"$T/names"
	cut -d' ' -f1 "$T/parsed.older" | grep -v '^#' | sort |
	    diff "$T/names" -
}

@test "the textfile collector's file in the manual is whole at any time" {
	start_peer a http
	open_session web "http://127.0.0.1:$port"
	mkdir "$T/textfile"
	sed -n '/^\.Bd -literal.*textfile/,/^\.Ed/p' \
	    "$BUILD/share/man/fifoctl.1" | sed '1d;$d' |
	    sed "s|/var/lib/prometheus/node-exporter|$T/textfile|g;
		s|\\\\e|\\\\|g" >"$T/script"
	[ -s "$T/script" ]
	PATH=$(dirname "$FIFOCTL"):$PATH within 10 sh -e "$T/script"
	run -0 ls -A "$T/textfile"
	assert_output fifod.prom
	grep -q '^fifod_session_links{session="web"} 1' \
	    "$T/textfile/fifod.prom"
}
