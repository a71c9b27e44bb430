# shellcheck shell=bash
# s_client: of openssl; -quiet, or its letters would be commands

adapter_command()
{
	command_is openssl s_client -quiet -verify_return_error \
	    -CAfile "$CERT" -connect "$HOST:$2"
}

adapter_start()
{
	filter_start "$@"
}

adapter_stop()
{
	filter_stop
}
