# shellcheck shell=bash disable=SC2034
# fifod: a broker with one session

adapter_start()
{
	broker_start 1 "$1" "$2" || return 1
	IN=$SCRATCH/run/s1/in OUT=$SCRATCH/run/s1/out
	PIDS=$(pid_tree "$BROKER_PID")
	case $1 in
	http*) TRIP=(-e -r) ;;	# each reply is followed by its end of file
	esac
}

adapter_stop()
{
	broker_stop
}
