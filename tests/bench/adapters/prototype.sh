# shellcheck shell=bash
# prototype: a bare relay of our own, the limit of what can be wanted; each
# figure is compared with the one that is best at it

adapter_command()
{
	case $GROUP/$1 in
	bulk/tcp | cpu/tcp)
		command_is "$BIN/prototype" -p 1048576 splice "$2" ;;
	bulk-tls/tls | cpu-tls/tls)
		command_is "$BIN/prototype" -p 1048576 tls "$2" ;;
	*/tcp) command_is "$BIN/prototype" rw "$2" ;;
	*/tls) command_is "$BIN/prototype" tls "$2" ;;
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
