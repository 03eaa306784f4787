/* socket(2) and its relatives, both ends in one thread. */
#include "check.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>

CASE(pair_talks_both_ways)
{
	int pair[2];
	char text[16] = "";
	RESULT(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
	RESULT(write(pair[0], "ping", 4));
	RESULT(read(pair[1], text, sizeof text));
	RESULT(send(pair[1], "pong!", 5, 0));
	RESULT(recv(pair[0], text, sizeof text, MSG_PEEK));
	RESULT(recv(pair[0], text, sizeof text, 0));
	show("%s", text);
	RESULT(recv(pair[0], text, sizeof text, MSG_DONTWAIT));
	close(pair[1]);
	RESULT(recv(pair[0], text, sizeof text, 0));
	RESULT(send(pair[0], "x", 1, MSG_NOSIGNAL));
	close(pair[0]);
}

CASE(shutdown_ends_one_direction)
{
	int pair[2];
	char text[16] = "";
	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	RESULT(shutdown(pair[0], SHUT_WR));
	RESULT(read(pair[1], text, sizeof text));
	RESULT(send(pair[0], "x", 1, MSG_NOSIGNAL));
	RESULT(write(pair[1], "still", 5));
	RESULT(read(pair[0], text, sizeof text));
	RESULT(shutdown(pair[0], 7));
	close(pair[0]);
	close(pair[1]);
}

static int loopback(int type, struct sockaddr_in *address)
{
	int server = socket(AF_INET, type, 0);
	REQUIRE(server >= 0);
	*address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	REQUIRE(bind(server, (struct sockaddr *)address, sizeof *address) == 0);
	socklen_t length = sizeof *address;
	REQUIRE(getsockname(server, (struct sockaddr *)address, &length) == 0);
	return server;
}

CASE(tcp_over_loopback)
{
	struct sockaddr_in address, peer;
	int server = loopback(SOCK_STREAM, &address);
	RESULT(listen(server, 5));
	int client = socket(AF_INET, SOCK_STREAM, 0);
	RESULT(connect(client, (struct sockaddr *)&address, sizeof address));
	socklen_t length = sizeof peer;
	int served = accept4(server, (struct sockaddr *)&peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
	show("accepted %d, family %d, length %u, from loopback %d", served >= 0, peer.sin_family, length,
	     peer.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	char text[32] = "";
	RESULT(recv(served, text, sizeof text, 0));
	RESULT(send(client, "over tcp", 8, 0));
	RESULT(recv(served, text, 8, MSG_WAITALL));
	show("%s", text);
	length = sizeof peer;
	RESULT(getpeername(client, (struct sockaddr *)&peer, &length));
	show("peer port right %d", peer.sin_port == address.sin_port);
	close(client);
	RESULT(recv(served, text, sizeof text, 0));
	close(served);
	close(server);
}

CASE(much_data_over_loopback)
{
	struct sockaddr_in address;
	int server = loopback(SOCK_STREAM, &address), client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	REQUIRE(listen(server, 1) == 0);
	RESULT(connect(client, (struct sockaddr *)&address, sizeof address));
	int served = accept(server, NULL, NULL);
	REQUIRE(served >= 0 && fcntl(served, F_SETFL, O_NONBLOCK) == 0);
	size_t total = 8UL << 20, sent = 0, received = 0, right = 0;
	static char out[65536], in[65536];
	while (received < total) {
		size_t left = total - sent < sizeof out ? total - sent : sizeof out;
		for (size_t i = 0; i < left; i++)
			out[i] = (char)pattern(sent + i);
		ssize_t count = left ? send(client, out, left, 0) : 0;
		sent += count > 0 ? (size_t)count : 0;
		count = recv(served, in, sizeof in, 0);
		for (ssize_t i = 0; i < count; i++)
			right += (unsigned char)in[i] == pattern(received + (size_t)i);
		received += count > 0 ? (size_t)count : 0;
	}
	show("received %zu, right %zu", received, right);
	close(client);
	close(served);
	close(server);
}

CASE(datagrams_over_loopback)
{
	struct sockaddr_in address, from;
	int server = loopback(SOCK_DGRAM, &address), client = socket(AF_INET, SOCK_DGRAM, 0);
	RESULT(sendto(client, "one", 3, 0, (struct sockaddr *)&address, sizeof address));
	RESULT(sendto(client, "second", 6, 0, (struct sockaddr *)&address, sizeof address));
	char text[16] = "";
	socklen_t length = sizeof from;
	RESULT(recvfrom(server, text, sizeof text, 0, (struct sockaddr *)&from, &length));
	show("%s, length %u, loopback %d", text, length, from.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	RESULT(recv(server, text, 2, MSG_TRUNC));
	RESULT(recv(server, text, 2, MSG_DONTWAIT));
	RESULT(send(client, "x", 1, 0));
	close(client);
	close(server);
}

CASE(connection_refused)
{
	struct sockaddr_in address;
	int unused = loopback(SOCK_STREAM, &address), client = socket(AF_INET, SOCK_STREAM, 0);
	close(unused);
	RESULT(connect(client, (struct sockaddr *)&address, sizeof address));
	close(client);
}

CASE(unix_socket_with_a_name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"}, peer;
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);
	RESULT(connect(client, (struct sockaddr *)&address, sizeof address));
	RESULT(bind(server, (struct sockaddr *)&address, sizeof address));
	RESULT(bind(server, (struct sockaddr *)&address, sizeof address));
	RESULT(connect(client, (struct sockaddr *)&address, sizeof address));
	RESULT(listen(server, 1));
	RESULT(connect(client, (struct sockaddr *)&address, sizeof address));
	int served = accept(server, NULL, NULL);
	socklen_t length = sizeof peer;
	RESULT(getpeername(client, (struct sockaddr *)&peer, &length));
	show("peer %s, length %u", peer.sun_path, length);
	struct ucred who;
	length = sizeof who;
	RESULT(getsockopt(served, SOL_SOCKET, SO_PEERCRED, &who, &length));
	show("peer is us %d, user %u", who.pid == getpid(), who.uid);
	close(served);
	close(client);
	close(server);
}

CASE(sequenced_packets)
{
	int pair[2];
	char text[16];
	RESULT(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair));
	RESULT(send(pair[0], "first", 5, 0));
	RESULT(send(pair[0], "2nd", 3, 0));
	RESULT(recv(pair[1], text, sizeof text, 0));
	RESULT(recv(pair[1], text, sizeof text, 0));
	RESULT(recv(pair[1], text, sizeof text, 0));
	close(pair[0]);
	close(pair[1]);
}

CASE(options_of_sockets)
{
	int value = 1, file = socket(AF_INET, SOCK_STREAM, 0);
	socklen_t length = sizeof value;
	RESULT(setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &value, sizeof value));
	RESULT(getsockopt(file, SOL_SOCKET, SO_REUSEADDR, &value, &length));
	show("reuse %d, length %u", value, length);
	RESULT(getsockopt(file, SOL_SOCKET, SO_TYPE, &value, &length));
	show("type %d", value == SOCK_STREAM);
	value = 1;
	RESULT(setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value));
	RESULT(getsockopt(file, SOL_SOCKET, SO_ERROR, &value, &length));
	show("error %d", value);
	RESULT(setsockopt(file, SOL_SOCKET, 9999, &value, sizeof value));
	RESULT(getsockopt(0, SOL_SOCKET, SO_TYPE, &value, &length));
	struct timeval timeout = {0, 20000};
	RESULT(setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout));
	close(file);
	int pair[2];
	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	RESULT(setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout));
	RESULT(recv(pair[0], &value, sizeof value, 0));
	close(pair[0]);
	close(pair[1]);
}

CASE(errors_of_socket)
{
	int pair[2];
	RESULT(socket(999, SOCK_STREAM, 0));
	RESULT(socket(AF_INET, 77, 0));
	RESULT(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
	RESULT(socketpair(AF_INET, SOCK_STREAM, 0, pair));
	RESULT(bind(0, NULL, 0));
	RESULT(listen(999, 1));
	int file = socket(AF_INET, SOCK_STREAM, 0);
	RESULT(send(file, "x", 1, MSG_NOSIGNAL));
	RESULT(accept(file, NULL, NULL));
	RESULT(connect(file, (struct sockaddr *)pair, 1));
	close(file);
}

/* netdevice(7): what an interface is asked, also what the kernel does not know any more. */
CASE(interface_is_asked)
{
	static const struct {
		unsigned long request;
		const char *name;
	} requests[] = {
		{SIOCGIFFLAGS, "flags"},   {SIOCGIFADDR, "address"},  {SIOCGIFNETMASK, "mask"},  {SIOCGIFMTU, "mtu"},
		{SIOCGIFINDEX, "index"},   {SIOCGIFMEM, "memory"},    {SIOCGIFENCAP, "encap"},   {SIOCGIFSLAVE, "slave"},
		{SIOCGIFCOUNT, "count"},   {SIOCGIFMAP, "map"},       {SIOCGIFTXQLEN, "queue"},  {SIOCGIFMETRIC, "metric"},
		{SIOCGIFHWADDR, "hardware"}, {SIOCGIFPFLAGS, "flags of the protocol"},
	};
	int file = socket(AF_INET, SOCK_DGRAM, 0);
	REQUIRE(file != -1);
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		struct ifreq interface = {.ifr_name = "lo"};
		int result = ioctl(file, requests[i].request, &interface);
		show("%s: %d %s, flags %#x", requests[i].name, result, result == -1 ? error_name(errno) : "-",
		     (unsigned short)interface.ifr_flags);
	}
	close(file);
}

CASE(waiting_bytes_are_counted)
{
	int pair[2], waiting = -1;
	REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
	RESULT(write(pair[0], "twelve bytes", 12));
	RESULT(ioctl(pair[1], FIONREAD, &waiting));
	show("waiting %d", waiting);
	close(pair[0]);
	close(pair[1]);
}
