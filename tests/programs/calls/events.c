/* eventfd(2), timerfd_create(2), inotify(7), memfd_create(2), getrandom(2). */
#include "check.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>

CASE(event_counter_adds_up)
{
	uint64_t value = 3;
	int file = eventfd(4, EFD_NONBLOCK);
	RESULT(write(file, &value, 8));
	RESULT(read(file, &value, 8));
	show("value %lu", value);
	RESULT(read(file, &value, 8));
	RESULT(read(file, &value, 4));
	value = UINT64_MAX;
	RESULT(write(file, &value, 8));
	value = UINT64_MAX - 1;
	RESULT(write(file, &value, 8));
	value = 1;
	RESULT(write(file, &value, 8));
	close(file);
}

CASE(event_semaphore_counts_down)
{
	uint64_t value;
	int file = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
	RESULT(read(file, &value, 8));
	show("value %lu", value);
	RESULT(read(file, &value, 8));
	RESULT(read(file, &value, 8));
	close(file);
	RESULT(eventfd(0, 0x12345));
}

CASE(timer_descriptor_fires)
{
	uint64_t count = 0;
	int file = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	struct itimerspec once = {.it_value = {0, 100000000}}, left;
	RESULT(timerfd_settime(file, 0, &once, NULL));
	RESULT(timerfd_gettime(file, &left));
	show("armed %d, interval %ld", left.it_value.tv_nsec > 0, left.it_interval.tv_nsec);
	RESULT(read(file, &count, 8));
	show("fired %lu", count);
	RESULT(timerfd_gettime(file, &left));
	show("disarmed %d", left.it_value.tv_nsec == 0);
	close(file);
}

CASE(timer_descriptor_repeats)
{
	uint64_t count = 0, sum = 0;
	int file = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
	struct itimerspec often = {{0, 20000000}, {0, 20000000}}, never = {0}, late = {.it_value = {1000, 0}};
	RESULT(timerfd_settime(file, 0, &late, NULL));
	RESULT(read(file, &count, 8));
	RESULT(timerfd_settime(file, 0, &often, NULL));
	while (sum < 5) {
		struct pollfd entry = {file, POLLIN, 0};
		REQUIRE(poll(&entry, 1, 1000) == 1 && read(file, &count, 8) == 8);
		sum += count;
	}
	show("at least five");
	RESULT(timerfd_settime(file, 0, &never, &often));
	show("interval was %ld", often.it_interval.tv_nsec);
	struct itimerspec wrong = {.it_value = {0, 1000000000}};
	RESULT(timerfd_settime(file, 0, &wrong, NULL));
	RESULT(timerfd_create(99, 0));
	close(file);
}

CASE(absolute_timer_in_the_past_fires_at_once)
{
	uint64_t count = 0;
	int file = timerfd_create(CLOCK_REALTIME, 0);
	struct itimerspec past = {.it_value = {1, 0}};
	RESULT(timerfd_settime(file, TFD_TIMER_ABSTIME, &past, NULL));
	RESULT(read(file, &count, 8));
	show("fired %lu", count);
	close(file);
}

CASE(watched_folder_tells_what_happens)
{
	char buffer[4096] __attribute__((aligned(8)));
	mkdir("watched", 0755);
	int watcher = inotify_init1(IN_NONBLOCK);
	RESULT(inotify_add_watch(watcher, "watched", IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_CLOSE_WRITE));
	RESULT(read(watcher, buffer, sizeof buffer));
	close(open("watched/new", O_CREAT | O_WRONLY, 0600));
	rename("watched/new", "watched/renamed");
	unlink("watched/renamed");
	ssize_t bytes = read(watcher, buffer, sizeof buffer);
	for (char *place = buffer; place < buffer + bytes;) {
		struct inotify_event *event = (struct inotify_event *)place;
		show("event %#x %s, watch %d, paired %d", event->mask, event->name, event->wd, event->cookie != 0);
		place += sizeof *event + event->len;
	}
	RESULT(inotify_rm_watch(watcher, 1));
	RESULT(inotify_rm_watch(watcher, 1));
	RESULT(inotify_add_watch(watcher, "missing", IN_CREATE));
	RESULT(inotify_add_watch(watcher, "watched", 0));
	close(watcher);
}

CASE(memory_file_grows_and_seals)
{
	int file = memfd_create("sealed", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	RESULT(write(file, "content", 7));
	RESULT(ftruncate(file, 100));
	RESULT(lseek(file, 0, SEEK_END));
	RESULT(fcntl(file, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_WRITE));
	RESULT(fcntl(file, F_GET_SEALS));
	RESULT(pwrite(file, "x", 1, 0));
	RESULT(ftruncate(file, 200));
	RESULT(fcntl(file, F_ADD_SEALS, F_SEAL_SEAL));
	RESULT(fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK));
	RESULT(memfd_create("flags", 0x8000));
	close(file);
}

CASE(random_bytes_differ)
{
	unsigned char one[64] = {0}, two[64] = {0};
	RESULT(getrandom(one, sizeof one, 0));
	RESULT(getrandom(two, sizeof two, GRND_NONBLOCK));
	show("differ %d", memcmp(one, two, sizeof one) != 0);
	RESULT(getrandom(one, 0, 0));
	RESULT(getrandom(one, 1, 0x100));
	char *large = anonymous(100000);
	RESULT(getrandom(large, 100000, 0));
	size_t zero = zeroes(large, 100000);
	show("about 1 of 256 is zero %d", zero > 200 && zero < 700);
	munmap(large, 100000);
}
