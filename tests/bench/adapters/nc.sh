# shellcheck shell=bash
# nc: netcat, as a user starts it

adapter_command()
{
	command_is nc "$HOST" "$2"
}

adapter_start()
{
	filter_start "$@"
}

adapter_stop()
{
	filter_stop
}
