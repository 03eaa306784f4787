/* pipe2(2), FIFOs, splice(2), tee(2), vmsplice(2), sendfile(2), copy_file_range(2). */
#include "check.h"

#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>

CASE(bytes_go_through_a_pipe)
{
	int ends[2];
	char text[16] = "";
	RESULT(pipe(ends));
	RESULT(write(ends[1], "through", 7));
	RESULT(read(ends[0], text, 3));
	RESULT(read(ends[0], text + 3, 10));
	show("%s", text);
	close(ends[1]);
	RESULT(read(ends[0], text, 1));
	close(ends[0]);
}

CASE(nonblocking_pipe)
{
	int ends[2];
	char byte;
	RESULT(pipe2(ends, O_NONBLOCK | O_CLOEXEC));
	RESULT(read(ends[0], &byte, 1));
	RESULT(fcntl(ends[0], F_GETFD));
	static char bytes[65536];
	RESULT(write(ends[1], bytes, sizeof bytes));
	RESULT(write(ends[1], bytes, 1));
	int waiting = 0;
	RESULT(ioctl(ends[0], FIONREAD, &waiting));
	show("waiting %d", waiting);
	close(ends[0]);
	close(ends[1]);
	RESULT(pipe2(ends, 1 << 20));
}

CASE(write_without_a_reader_is_epipe)
{
	int ends[2];
	signal(SIGPIPE, SIG_IGN);
	REQUIRE(pipe(ends) == 0);
	close(ends[0]);
	RESULT(write(ends[1], "x", 1));
	close(ends[1]);
	signal(SIGPIPE, SIG_DFL);
}

static volatile sig_atomic_t caught;

static void count(int number, siginfo_t *info, void *context)
{
	(void)info;
	(void)context;
	caught = number;
}

CASE(write_without_a_reader_raises_sigpipe)
{
	int ends[2];
	handle(SIGPIPE, count, 0);
	REQUIRE(pipe(ends) == 0);
	close(ends[0]);
	RESULT(write(ends[1], "x", 1));
	show("caught %s", signal_name(caught));
	close(ends[1]);
	signal(SIGPIPE, SIG_DFL);
}

ENDS(write_without_a_reader_kills, 141)
{
	int ends[2];
	REQUIRE(pipe(ends) == 0);
	close(ends[0]);
	show("before");
	RESULT(write(ends[1], "x", 1));
}

CASE(packets_keep_their_borders)
{
	int ends[2];
	char text[16];
	RESULT(pipe2(ends, O_DIRECT));
	RESULT(write(ends[1], "one", 3));
	RESULT(write(ends[1], "three", 5));
	RESULT(read(ends[0], text, sizeof text));
	RESULT(read(ends[0], text, 2));
	close(ends[0]);
	close(ends[1]);
}

CASE(named_pipe_opens_for_both)
{
	RESULT(mkfifo("named", 0600));
	SUCCESS(open("named", O_WRONLY | O_NONBLOCK));
	int both = (int)SUCCESS(open("named", O_RDWR));
	RESULT(write(both, "fifo", 4));
	char text[8] = "";
	RESULT(read(both, text, sizeof text));
	show("%s", text);
	close(both);
}

CASE(pipe_cannot_seek)
{
	int ends[2];
	char byte;
	REQUIRE(pipe(ends) == 0);
	RESULT(lseek(ends[0], 0, SEEK_SET));
	RESULT(pread(ends[0], &byte, 1, 0));
	RESULT(ftruncate(ends[1], 0));
	RESULT(read(ends[1], &byte, 1));
	RESULT(write(ends[0], &byte, 1));
	close(ends[0]);
	close(ends[1]);
}

CASE(sendfile_copies)
{
	int in = patterned_file("in", 10000), out = open("out", O_RDWR | O_CREAT | O_TRUNC, 0600);
	off_t offset = 100;
	RESULT(sendfile(out, in, &offset, 5000));
	show("offset %ld", (long)offset);
	RESULT(lseek(in, 0, SEEK_SET));
	RESULT(sendfile(out, in, NULL, 100000));
	RESULT(lseek(in, 0, SEEK_CUR));
	RESULT(sendfile(out, -1, NULL, 1));
	offset = -1;
	RESULT(sendfile(out, in, &offset, 1));
	close(in);
	close(out);
}

CASE(copy_file_range_copies)
{
	int in = patterned_file("source", 10000), out = open("target", O_RDWR | O_CREAT | O_TRUNC, 0600);
	off_t from = 1000, to = 50;
	RESULT(copy_file_range(in, &from, out, &to, 2000, 0));
	show("from %ld, to %ld", (long)from, (long)to);
	from = 20000;
	RESULT(copy_file_range(in, &from, out, &to, 10, 0));
	RESULT(copy_file_range(in, NULL, out, NULL, 10, 1));
	close(in);
	close(out);
}

CASE(splice_moves_between_file_and_pipe)
{
	int ends[2], in = patterned_file("spliced", 3000), out = open("result", O_RDWR | O_CREAT | O_TRUNC, 0600);
	REQUIRE(pipe(ends) == 0);
	off_t offset = 500;
	RESULT(splice(in, &offset, ends[1], NULL, 1000, 0));
	show("offset %ld", (long)offset);
	RESULT(splice(ends[0], NULL, out, NULL, 4000, SPLICE_F_MOVE));
	RESULT(splice(in, NULL, out, NULL, 10, 0));
	RESULT(splice(in, &offset, ends[0], NULL, 10, 0));
	close(ends[0]);
	close(ends[1]);
	close(in);
	close(out);
}

CASE(tee_duplicates)
{
	int one[2], two[2];
	char text[8] = "";
	REQUIRE(pipe(one) == 0 && pipe(two) == 0);
	RESULT(write(one[1], "double", 6));
	RESULT(tee(one[0], two[1], 100, 0));
	RESULT(read(one[0], text, 6));
	RESULT(read(two[0], text, 6));
	show("%s", text);
	RESULT(tee(one[0], one[1], 1, 0));
	for (int i = 0; i < 2; i++) {
		close(one[i]);
		close(two[i]);
	}
}

CASE(vmsplice_takes_memory)
{
	int ends[2];
	char text[16] = "", memory[] = "memory";
	REQUIRE(pipe(ends) == 0);
	struct iovec vector = {memory, 6};
	RESULT(vmsplice(ends[1], &vector, 1, 0));
	RESULT(read(ends[0], text, sizeof text));
	show("%s", text);
	close(ends[0]);
	close(ends[1]);
}
