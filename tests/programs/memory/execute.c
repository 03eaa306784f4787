/* Execute permission, and code that is made at run time. */
#include "fault.h"

/* mov eax, number; ret */
static void write_function(char *place, uint32_t number)
{
	unsigned char code[6] = {0xb8, 0, 0, 0, 0, 0xc3};
	memcpy(code + 1, &number, sizeof number);
	memcpy(place, code, sizeof code);
}

static uint32_t call(char *place)
{
	return ((uint32_t(*)(void))place)();
}

CASE(code_runs_after_mprotect)
{
	char *memory = anonymous(PAGE);
	write_function(memory, 42);
	RESULT(mprotect(memory, PAGE, PROT_READ | PROT_EXEC));
	show("returned %u", call(memory));
	WRITE(memory, memory);
	munmap(memory, PAGE);
}

CASE(code_can_be_written_and_run_in_place)
{
	char *memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	REQUIRE(memory != MAP_FAILED);
	for (uint32_t i = 1; i <= 3; i++) {
		write_function(memory, i * 100);
		show("returned %u", call(memory));
	}
	munmap(memory, PAGE);
}

CASE(code_can_be_replaced_under_changing_protection)
{
	char *memory = anonymous(PAGE);
	uint32_t sum = 0;
	for (uint32_t i = 0; i < 50; i++) {
		REQUIRE(mprotect(memory, PAGE, PROT_READ | PROT_WRITE) == 0);
		write_function(memory, i);
		REQUIRE(mprotect(memory, PAGE, PROT_READ | PROT_EXEC) == 0);
		sum += call(memory);
	}
	show("sum %u", sum);
	munmap(memory, PAGE);
}

CASE(data_is_not_executable)
{
	static char data[8];
	char *memory = anonymous(PAGE), *heap = malloc(8);
	REQUIRE(heap != NULL);
	write_function(memory, 1);
	write_function(heap, 1);
	write_function(data, 1);
	EXECUTE(memory, memory);
	EXECUTE(heap, heap);
	EXECUTE(data, data);
	free(heap);
	munmap(memory, PAGE);
}

CASE(execute_permission_can_be_taken)
{
	char *memory = anonymous(PAGE);
	write_function(memory, 7);
	REQUIRE(mprotect(memory, PAGE, PROT_READ | PROT_EXEC) == 0);
	show("returned %u", call(memory));
	REQUIRE(mprotect(memory, PAGE, PROT_READ) == 0);
	EXECUTE(memory, memory);
	munmap(memory, PAGE);
}

CASE(code_without_read_permission_runs)
{
	char *memory = anonymous(PAGE);
	write_function(memory, 9);
	RESULT(mprotect(memory, PAGE, PROT_EXEC));
	show("returned %u", call(memory));
	munmap(memory, PAGE);
}

CASE(code_in_a_private_file_mapping_runs)
{
	char code[8] = "";
	write_function(code, 11);
	int file = open("code", O_RDWR | O_CREAT | O_TRUNC, 0755);
	REQUIRE(file >= 0 && write(file, code, sizeof code) == sizeof code);
	char *memory = MAPPED(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0));
	REQUIRE(memory != MAP_FAILED);
	show("returned %u", call(memory));
	munmap(memory, PAGE);
	close(file);
}

CASE(code_in_a_shared_memory_file_runs)
{
	int file = memfd_create("code", 0);
	REQUIRE(file >= 0 && ftruncate(file, PAGE) == 0);
	char *writable = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	char *executable = mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, file, 0);
	REQUIRE(writable != MAP_FAILED && executable != MAP_FAILED);
	write_function(writable, 13);
	show("returned %u", call(executable));
	write_function(writable, 14);
	show("returned %u", call(executable));
	munmap(writable, PAGE);
	munmap(executable, PAGE);
	close(file);
}

CASE(function_may_cross_a_page_border)
{
	char *memory = anonymous(2 * PAGE);
	write_function(memory + PAGE - 3, 15);
	REQUIRE(mprotect(memory, 2 * PAGE, PROT_READ | PROT_EXEC) == 0);
	show("returned %u", call(memory + PAGE - 3));
	REQUIRE(mprotect(memory + PAGE, PAGE, PROT_READ) == 0);
	EXECUTE(memory + PAGE - 3, memory);
	munmap(memory, 2 * PAGE);
}

CASE(functions_in_large_memory_run)
{
	size_t bytes = 4 * LARGE_PAGE;
	char *memory = anonymous(bytes);
	uint32_t sum = 0, count = 0;
	for (size_t offset = 0; offset < bytes; offset += 64 * PAGE + 16)
		write_function(memory + offset, ++count);
	REQUIRE(mprotect(memory, bytes, PROT_READ | PROT_EXEC) == 0);
	for (size_t offset = 0; offset < bytes; offset += 64 * PAGE + 16)
		sum += call(memory + offset);
	show("%u functions, sum %u", count, sum);
	munmap(memory, bytes);
}

CASE(text_is_readable_and_not_writable)
{
	READ((void *)write_function, (void *)write_function);
	WRITE((void *)write_function, (void *)write_function);
}

CASE(constants_are_not_writable)
{
	static const char constant[] = "constant";
	WRITE((void *)constant, (void *)constant);
	show("still %s", constant);
}
