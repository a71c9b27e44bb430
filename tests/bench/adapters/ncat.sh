# shellcheck shell=bash
# ncat: nmap's netcat, as a user starts it

adapter_command()
{
	command_is ncat "$HOST" "$2"
}

adapter_start()
{
	filter_start "$@"
}

adapter_stop()
{
	filter_stop
}
