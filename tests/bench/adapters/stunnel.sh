# shellcheck shell=bash
# stunnel: in its inetd mode, standard input and output to a TLS peer

adapter_command()
{
	cat >"$SCRATCH/stunnel.conf" <<-END
		client = yes
		foreground = yes
		syslog = no
		debug = err
		CAfile = $CERT
		verifyChain = yes
		connect = $HOST:$2
	END
	command_is "$(command -v stunnel4 || echo stunnel)" \
	    "$SCRATCH/stunnel.conf"
}

adapter_start()
{
	filter_start "$@"
}

adapter_stop()
{
	filter_stop
}
