/* ioctl(2) on terminals and other files; a pseudo-terminal with both ends here. */
#include "check.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>

static void open_terminal(int *ours, int *theirs)
{
	*ours = posix_openpt(O_RDWR | O_NOCTTY);
	REQUIRE(*ours >= 0 && grantpt(*ours) == 0 && unlockpt(*ours) == 0);
	*theirs = open(ptsname(*ours), O_RDWR | O_NOCTTY);
	REQUIRE(*theirs >= 0);
}

/* What is written to one end takes a moment to the other. */
static void wait_for_input(int file)
{
	struct pollfd entry = {file, POLLIN, 0};
	REQUIRE(poll(&entry, 1, 10000) == 1);
}

CASE(window_size_is_kept)
{
	int ours, theirs;
	open_terminal(&ours, &theirs);
	struct winsize size = {50, 132, 0, 0}, seen = {0};
	RESULT(ioctl(ours, TIOCSWINSZ, &size));
	RESULT(ioctl(theirs, TIOCGWINSZ, &seen));
	show("%d rows, %d columns", seen.ws_row, seen.ws_col);
	close(ours);
	close(theirs);
}

CASE(line_is_edited_and_echoed)
{
	int ours, theirs;
	char text[32] = "";
	open_terminal(&ours, &theirs);
	RESULT(write(ours, "wrx\x7fong\n", 8));
	RESULT(read(theirs, text, sizeof text));
	show("read %.5s", text);
	memset(text, 0, sizeof text);
	show("echo has %d bytes", (int)read(ours, text, sizeof text) > 0);
	RESULT(write(theirs, "out\n", 4));
	close(ours);
	close(theirs);
}

CASE(raw_mode_passes_bytes)
{
	int ours, theirs;
	char text[8] = "";
	struct termios mode;
	open_terminal(&ours, &theirs);
	RESULT(tcgetattr(theirs, &mode));
	show("canonical %d, echo %d", (mode.c_lflag & ICANON) != 0, (mode.c_lflag & ECHO) != 0);
	cfmakeraw(&mode);
	RESULT(tcsetattr(theirs, TCSANOW, &mode));
	RESULT(write(ours, "a\x03", 2));
	RESULT(read(theirs, text, sizeof text));
	show("%d %d", text[0], text[1]);
	RESULT(tcgetattr(theirs, &mode));
	show("canonical %d", (mode.c_lflag & ICANON) != 0);
	close(ours);
	close(theirs);
}

CASE(hang_up_is_noticed)
{
	int ours, theirs;
	char byte;
	open_terminal(&ours, &theirs);
	close(theirs);
	RESULT(read(ours, &byte, 1));
	theirs = open(ptsname(ours), O_RDWR | O_NOCTTY);
	close(ours);
	RESULT(read(theirs, &byte, 1));
	RESULT(write(theirs, &byte, 1));
	close(theirs);
}

CASE(waiting_input_is_counted)
{
	int ours, theirs, waiting = -1;
	open_terminal(&ours, &theirs);
	RESULT(write(ours, "four\n", 5));
	wait_for_input(theirs);
	RESULT(ioctl(theirs, FIONREAD, &waiting));
	show("waiting %d", waiting);
	RESULT(tcflush(theirs, TCIFLUSH));
	RESULT(ioctl(theirs, FIONREAD, &waiting));
	show("waiting %d", waiting);
	close(ours);
	close(theirs);
}

CASE(isatty_tells_terminals_from_files)
{
	int ours, theirs, file = patterned_file("file", 1);
	open_terminal(&ours, &theirs);
	RESULT(isatty(theirs));
	int answer = isatty(file);
	show("%d %s", answer, error_name(errno));
	struct winsize size;
	RESULT(ioctl(file, TIOCGWINSZ, &size));
	RESULT(ioctl(theirs, 0x12345678, &size));
	pid_t group;
	RESULT(ioctl(theirs, TIOCGPGRP, &group));
	close(ours);
	close(theirs);
	close(file);
}

CASE(generic_requests_work_on_files)
{
	int waiting = 0, on = 1, file = patterned_file("generic", 100);
	RESULT(ioctl(file, FIONREAD, &waiting));
	show("waiting %d", waiting);
	RESULT(ioctl(file, FIOCLEX));
	RESULT(fcntl(file, F_GETFD));
	RESULT(ioctl(file, FIONCLEX));
	RESULT(fcntl(file, F_GETFD));
	RESULT(ioctl(file, FIONBIO, &on));
	show("nonblocking %d", (fcntl(file, F_GETFL) & O_NONBLOCK) != 0);
	RESULT(ioctl(999, FIONREAD, &waiting));
	close(file);
}
