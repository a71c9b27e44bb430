# shellcheck shell=bash
# socat, as a user starts it

adapter_command()
{
	case $1 in
	tcp) command_is socat STDIO "TCP:$HOST:$2" ;;
	tls) command_is socat STDIO \
	    "OPENSSL:$HOST:$2,cafile=$CERT,commonname=localhost" ;;
	esac
}

adapter_start()
{
	filter_start "$@"
}

adapter_stop()
{
	filter_stop
}
