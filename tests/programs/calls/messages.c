/* sendmsg(2), recvmsg(2), sendmmsg(2), and what travels beside the bytes. */
#include "check.h"

#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

static void make_pair(int type, int pair[2])
{
	REQUIRE(socketpair(AF_UNIX, type, 0, pair) == 0);
}

CASE(message_gathers_and_scatters)
{
	int pair[2];
	make_pair(SOCK_STREAM, pair);
	struct iovec out[2] = {{"abc", 3}, {"defgh", 5}};
	struct msghdr message = {.msg_iov = out, .msg_iovlen = 2};
	RESULT(sendmsg(pair[0], &message, 0));
	char one[5] = "", two[9] = "";
	struct iovec in[2] = {{one, 4}, {two, 8}};
	message = (struct msghdr){.msg_iov = in, .msg_iovlen = 2};
	RESULT(recvmsg(pair[1], &message, 0));
	show("%s|%s, flags %#x, control %lu", one, two, message.msg_flags,
	     (unsigned long)message.msg_controllen);
	close(pair[0]);
	close(pair[1]);
}

CASE(truncated_datagram_is_flagged)
{
	int pair[2];
	make_pair(SOCK_DGRAM, pair);
	char text[4];
	struct iovec vector = {text, 3};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
	RESULT(send(pair[0], "much too long", 13, 0));
	RESULT(recvmsg(pair[1], &message, 0));
	show("flags %#x is MSG_TRUNC %d", message.msg_flags, message.msg_flags == MSG_TRUNC);
	close(pair[0]);
	close(pair[1]);
}

/* Sends `count` descriptors with one byte. */
static long send_descriptors(int socket, const int *descriptors, size_t count)
{
	char byte = 'd';
	union {
		char bytes[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr header;
	} control = {0};
	struct iovec vector = {&byte, 1};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control,
				 .msg_controllen = CMSG_SPACE(count * sizeof(int))};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	*header = (struct cmsghdr){.cmsg_len = CMSG_LEN(count * sizeof(int)), .cmsg_level = SOL_SOCKET,
				   .cmsg_type = SCM_RIGHTS};
	memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
	return sendmsg(socket, &message, 0);
}

static size_t receive_descriptors(int socket, int *descriptors, size_t room, int flags)
{
	char byte;
	union {
		char bytes[CMSG_SPACE(8 * sizeof(int))];
		struct cmsghdr header;
	} control = {0};
	struct iovec vector = {&byte, 1};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control,
				 .msg_controllen = CMSG_LEN(room * sizeof(int))};
	RESULT(recvmsg(socket, &message, flags));
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	size_t count = header ? (header->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
	show("received %zu, truncated %d", count, (message.msg_flags & MSG_CTRUNC) != 0);
	if (count > 0)
		memcpy(descriptors, CMSG_DATA(header), count * sizeof(int));
	return count;
}

CASE(descriptors_travel)
{
	int pair[2], sent[2], received[8];
	make_pair(SOCK_STREAM, pair);
	sent[0] = patterned_file("travels", 100);
	sent[1] = open("/dev/null", O_RDWR);
	REQUIRE(lseek(sent[0], 60, SEEK_SET) == 60);
	RESULT(send_descriptors(pair[0], sent, 2));
	size_t count = receive_descriptors(pair[1], received, 4, MSG_CMSG_CLOEXEC);
	REQUIRE(count == 2);
	show("other number %d", received[0] != sent[0]);
	RESULT(lseek(received[0], 0, SEEK_CUR));
	RESULT(fcntl(received[0], F_GETFD));
	RESULT(write(received[1], "x", 1));
	close(sent[0]);
	RESULT(read(received[0], (char[10]){0}, 10));
	for (int i = 0; i < 2; i++) {
		close(received[i]);
		close(pair[i]);
	}
}

CASE(descriptors_without_room_are_dropped)
{
	int pair[2], sent[4], received[8];
	make_pair(SOCK_STREAM, pair);
	for (int i = 0; i < 4; i++)
		sent[i] = open("/dev/null", O_RDWR);
	RESULT(send_descriptors(pair[0], sent, 4));
	size_t count = receive_descriptors(pair[1], received, 2, 0);
	for (size_t i = 0; i < count; i++)
		close(received[i]);
	for (int i = 0; i < 4; i++)
		close(sent[i]);
	close(pair[0]);
	close(pair[1]);
}

CASE(bad_descriptor_does_not_travel)
{
	int pair[2], bad = 999;
	make_pair(SOCK_STREAM, pair);
	RESULT(send_descriptors(pair[0], &bad, 1));
	close(pair[0]);
	close(pair[1]);
}

CASE(malformed_control_data_is_invalid)
{
	int pair[2];
	char byte = 'x';
	union {
		char bytes[64];
		struct cmsghdr header;
	} control = {0};
	make_pair(SOCK_STREAM, pair);
	struct iovec vector = {&byte, 1};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = 32};
	control.header = (struct cmsghdr){.cmsg_len = 3, .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	RESULT(sendmsg(pair[0], &message, 0));
	control.header = (struct cmsghdr){.cmsg_len = 1000, .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
	RESULT(sendmsg(pair[0], &message, 0));
	control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(4), .cmsg_level = SOL_SOCKET, .cmsg_type = 12345};
	RESULT(sendmsg(pair[0], &message, 0));
	close(pair[0]);
	close(pair[1]);
}

CASE(credentials_travel)
{
	int pair[2], on = 1;
	char byte;
	union {
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr header;
	} control = {0};
	make_pair(SOCK_DGRAM, pair);
	RESULT(setsockopt(pair[1], SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
	RESULT(send(pair[0], "c", 1, 0));
	struct iovec vector = {&byte, 1};
	struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control,
				 .msg_controllen = sizeof control};
	RESULT(recvmsg(pair[1], &message, 0));
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	REQUIRE(header != NULL);
	struct ucred who;
	memcpy(&who, CMSG_DATA(header), sizeof who);
	show("credentials %d, from us %d, user %u", header->cmsg_type == SCM_CREDENTIALS, who.pid == getpid(), who.uid);
	close(pair[0]);
	close(pair[1]);
}

CASE(names_come_with_datagrams)
{
	struct sockaddr_un here = {.sun_family = AF_UNIX, .sun_path = "receiver"}, from = {0};
	struct sockaddr_un there = {.sun_family = AF_UNIX, .sun_path = "sender"};
	int receiver = socket(AF_UNIX, SOCK_DGRAM, 0), sender = socket(AF_UNIX, SOCK_DGRAM, 0);
	RESULT(bind(receiver, (struct sockaddr *)&here, sizeof here));
	RESULT(bind(sender, (struct sockaddr *)&there, sizeof there));
	struct iovec out = {"named", 5};
	struct msghdr message = {.msg_name = &here, .msg_namelen = sizeof here, .msg_iov = &out, .msg_iovlen = 1};
	RESULT(sendmsg(sender, &message, 0));
	char text[8] = "";
	struct iovec in = {text, 7};
	message = (struct msghdr){.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &in, .msg_iovlen = 1};
	RESULT(recvmsg(receiver, &message, 0));
	show("%s from %s, name length %u", text, from.sun_path, message.msg_namelen);
	close(receiver);
	close(sender);
}

CASE(several_messages_in_one_call)
{
	int pair[2];
	make_pair(SOCK_DGRAM, pair);
	struct iovec out[3] = {{"a", 1}, {"bb", 2}, {"ccc", 3}}, in[4];
	char text[4][8];
	struct mmsghdr messages[4] = {0};
	for (int i = 0; i < 3; i++)
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &out[i], .msg_iovlen = 1};
	RESULT(sendmmsg(pair[0], messages, 3, 0));
	show("lengths %u %u %u", messages[0].msg_len, messages[1].msg_len, messages[2].msg_len);
	memset(messages, 0, sizeof messages);
	for (int i = 0; i < 4; i++) {
		in[i] = (struct iovec){text[i], 8};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &in[i], .msg_iovlen = 1};
	}
	RESULT(recvmmsg(pair[1], messages, 4, MSG_DONTWAIT, NULL));
	show("lengths %u %u %u", messages[0].msg_len, messages[1].msg_len, messages[2].msg_len);
	close(pair[0]);
	close(pair[1]);
}

CASE(bad_vectors_of_messages)
{
	int pair[2];
	make_pair(SOCK_STREAM, pair);
	struct msghdr message = {.msg_iov = NULL, .msg_iovlen = 1};
	RESULT(sendmsg(pair[0], &message, 0));
	message.msg_iovlen = 100000;
	RESULT(sendmsg(pair[0], &message, 0));
	RESULT(sendmsg(pair[0], NULL, 0));
	RESULT(recvmsg(pair[0], NULL, MSG_DONTWAIT));
	close(pair[0]);
	close(pair[1]);
}
