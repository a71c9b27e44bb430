#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
/* Needs the header above. */
#include <linux/vm_sockets.h>

#include "transport/vsock.h"

int
vsock_available(struct why *why)
{
	const struct keeper_place anywhere = { 0 };
	int fd = keeper_socket(AF_VSOCK, SOCK_STREAM, &anywhere, NULL);

	if (fd == -1)
		return why_fail(why, FAULT_USAGE, "this kernel has no vsock "
		    "(%s); modprobe vsock where it is a module",
		    strerror(errno));
	close(fd);
	return 0;
}

void
vsock_address(uint32_t cid, uint32_t port, struct keeper_address *out)
{
	struct sockaddr_vm *vm = (struct sockaddr_vm *)&out->address;

	memset(out, 0, sizeof(*out));
	vm->svm_family = AF_VSOCK;
	vm->svm_cid = cid;
	vm->svm_port = port;
	out->length = sizeof(*vm);
}

bool
vsock_parts(const struct sockaddr_storage *address, uint32_t *cid,
    uint32_t *port)
{
	const struct sockaddr_vm *vm = (const struct sockaddr_vm *)address;

	*cid = vm->svm_cid;
	*port = vm->svm_port;
	return vm->svm_family == AF_VSOCK;
}
