/* futex(2): FUTEX_WAKE_OP. */
#include "futex.h"

static word_t first, second;

static void operate(const char *what, uint32_t before, uint32_t operation)
{
	second = before;
	long result = futex(&first, FUTEX_WAKE_OP_PRIVATE, 1, NUMBER(1), &second, operation);
	show("%s: %ld %s, the word is %#x", what, result, result < 0 ? error_name(errno) : "", second);
}

CASE(operations)
{
	operate("set", 5, FUTEX_OP(FUTEX_OP_SET, 9, FUTEX_OP_CMP_EQ, 0));
	operate("add", 5, FUTEX_OP(FUTEX_OP_ADD, 9, FUTEX_OP_CMP_EQ, 0));
	operate("or", 5, FUTEX_OP(FUTEX_OP_OR, 0xa, FUTEX_OP_CMP_EQ, 0));
	operate("and not", 0xff, FUTEX_OP(FUTEX_OP_ANDN, 0xf, FUTEX_OP_CMP_EQ, 0));
	operate("exclusive or", 0xff, FUTEX_OP(FUTEX_OP_XOR, 0xf0f, FUTEX_OP_CMP_EQ, 0));
}

CASE(operands_have_a_sign)
{
	operate("set -1", 5, FUTEX_OP(FUTEX_OP_SET, 0xfff, FUTEX_OP_CMP_EQ, 0));
	operate("set -2048", 5, FUTEX_OP(FUTEX_OP_SET, 0x800, FUTEX_OP_CMP_EQ, 0));
	operate("set 2047", 5, FUTEX_OP(FUTEX_OP_SET, 0x7ff, FUTEX_OP_CMP_EQ, 0));
	operate("add -1", 0, FUTEX_OP(FUTEX_OP_ADD, 0xfff, FUTEX_OP_CMP_EQ, 0));
	operate("and not -16", 0x123, FUTEX_OP(FUTEX_OP_ANDN, 0xff0, FUTEX_OP_CMP_EQ, 0));
}

CASE(operands_as_shifts)
{
	static const uint32_t bits[] = {0, 1, 31, 32, 33, 0x7ff, 0x800, 0xfff};
	for (size_t i = 0; i < COUNT(bits); i++)
		operate("set a bit", 5, FUTEX_OP((FUTEX_OP_SET | FUTEX_OP_OPARG_SHIFT), bits[i], FUTEX_OP_CMP_EQ, 0));
	operate("clear a bit", 0xff, FUTEX_OP((FUTEX_OP_ANDN | FUTEX_OP_OPARG_SHIFT), 3, FUTEX_OP_CMP_EQ, 0));
}

CASE(operations_that_do_not_exist_change_nothing)
{
	for (uint32_t operation = 5; operation < 8; operation++)
		operate("no operation", 5, FUTEX_OP(operation, 1, FUTEX_OP_CMP_EQ, 0));
	operate("no operation, shifted", 5, FUTEX_OP(15U, 1, FUTEX_OP_CMP_EQ, 0));
}

CASE(comparisons_that_do_not_exist_come_late)
{
	for (uint32_t comparison = 6; comparison < 16; comparison++)
		operate("no comparison", 5, FUTEX_OP(FUTEX_OP_ADD, 1, comparison, 0));
}

/* Whether the second futex is woken when its word was `before`. */
static int wakes_second(uint32_t before, uint32_t comparison, uint32_t compared)
{
	struct caller caller;
	second = before;
	begin_waiters(&caller, 1, &second);
	long result = futex(&first, FUTEX_WAKE_OP_PRIVATE, 1, NUMBER(1), &second,
			    FUTEX_OP(FUTEX_OP_ADD, 1, comparison, compared));
	end_waiters(&caller, 1, &second);
	return (int)result;
}

CASE(comparisons)
{
	static const uint32_t values[] = {0, 1, 2, 0xffffffff, 0x80000000, 0x7fffffff};
	for (uint32_t comparison = 0; comparison < 6; comparison++) {
		char answers[COUNT(values) + 1] = "";
		for (size_t i = 0; i < COUNT(values); i++)
			answers[i] = (char)('0' + wakes_second(values[i], comparison, 1));
		show("comparison %u with 1: %s", comparison, answers);
		for (size_t i = 0; i < COUNT(values); i++)
			answers[i] = (char)('0' + wakes_second(values[i], comparison, 0xfff));
		show("comparison %u with -1: %s", comparison, answers);
	}
}

CASE(both_are_woken)
{
	struct caller callers[6];
	first = second = 0;
	begin_waiters(callers, 3, &first);
	begin_waiters(callers + 3, 3, &second);
	RESULT(futex(&first, FUTEX_WAKE_OP_PRIVATE, 1, NUMBER(2), &second, FUTEX_OP(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0)));
	AWAIT(how_many_returned(callers, 6) == 3);
	show("returned: %s", who_returned(callers, 6));
	RESULT(futex(&first, FUTEX_WAKE_OP_PRIVATE, 1, NUMBER(2), &second, FUTEX_OP(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0)));
	AWAIT(how_many_returned(callers, 6) == 4);
	show("returned: %s", who_returned(callers, 6));
	futex(&first, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0);
	end_waiters(callers, 6, &second);
}

CASE(counts_of_none_wake_one)
{
	struct caller callers[4];
	first = second = 0;
	begin_waiters(callers, 2, &first);
	begin_waiters(callers + 2, 2, &second);
	RESULT(futex(&first, FUTEX_WAKE_OP_PRIVATE, 0, NUMBER(-1), &second, FUTEX_OP(FUTEX_OP_SET, 1, FUTEX_OP_CMP_EQ, 0)));
	futex(&first, FUTEX_WAKE_PRIVATE, 9, NULL, NULL, 0);
	end_waiters(callers, 4, &second);
}

CASE(one_word_twice)
{
	struct caller callers[3];
	first = 0;
	begin_waiters(callers, 3, &first);
	RESULT(futex(&first, FUTEX_WAKE_OP_PRIVATE, 1, NUMBER(1), &first, FUTEX_OP(FUTEX_OP_ADD, 3, FUTEX_OP_CMP_EQ, 0)));
	show("the word is %u", first);
	end_waiters(callers, 3, &first);
}

CASE(memory_that_is_not_there)
{
	word_t *hole = (word_t *)reserved(PAGE);
	uint32_t add = FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0);
	first = second = 0;
	RESULT(futex(hole, FUTEX_WAKE_OP_PRIVATE, 1, NUMBER(1), &second, add));
	RESULT(futex(hole, FUTEX_WAKE_OP, 1, NUMBER(1), &second, add));
	RESULT(futex(&first, FUTEX_WAKE_OP_PRIVATE, 1, NUMBER(1), hole, add));
	RESULT(futex(&first, FUTEX_WAKE_OP_PRIVATE, 1, NUMBER(1), hole, FUTEX_OP(7U, 1, 0, 0)));
	show("the word is %u", second);
	REQUIRE(munmap((void *)hole, PAGE) == 0);
}
