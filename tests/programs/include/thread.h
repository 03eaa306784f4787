/*
 * Threads: to start and join them, and to print what the pthread functions return, which is not in errno.
 */
#ifndef THREAD_H
#define THREAD_H

#include "process.h"

#include <pthread.h>

__attribute__((unused)) static int show_error(const char *what, int number)
{
	show("%s = %s", what, number == 0 ? "0" : error_name(number));
	return number;
}
/* Prints the error number that a pthread function returns. */
#define ERROR(call) show_error(#call, call)

/* pthread_create(3) that must succeed, with default attributes. */
__attribute__((unused)) static pthread_t started(void *(*body)(void *), void *argument)
{
	pthread_t thread;
	REQUIRE(pthread_create(&thread, NULL, body, argument) == 0);
	return thread;
}

/* pthread_join(3) that must succeed. */
__attribute__((unused)) static void *joined(pthread_t thread)
{
	void *result;
	REQUIRE(pthread_join(thread, &result) == 0);
	return result;
}

/* This long from now by `clock`. */
__attribute__((unused)) static struct timespec in_milliseconds(clockid_t clock, long milliseconds)
{
	struct timespec time;
	REQUIRE(clock_gettime(clock, &time) == 0);
	time.tv_sec += milliseconds / 1000;
	time.tv_nsec += milliseconds % 1000 * 1000000;
	if (time.tv_nsec >= 1000000000) {
		time.tv_sec++;
		time.tv_nsec -= 1000000000;
	}
	return time;
}

#endif
