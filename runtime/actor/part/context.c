#include "runtime/actor/part/context.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/base/mem.h"

#if !defined(__x86_64__) && !defined(__aarch64__)
#define CONTEXT_IS_UCONTEXT 1
#include <ucontext.h>
#else
#define CONTEXT_IS_UCONTEXT 0
#endif

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CONTEXT_HAS_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define CONTEXT_HAS_ASAN 1
#endif
#ifdef CONTEXT_HAS_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

struct context_stack {
	char *mapping; /* the guard page, then the stack */
	size_t mapping_bytes, guard_bytes;
	void (*run)(void *arg);
	void *arg;
#if CONTEXT_IS_UCONTEXT
	ucontext_t inside, outside;
#else
	void *inside, *outside; /* stack pointers */
#endif
#ifdef CONTEXT_HAS_ASAN
	void *fake_inside, *fake_outside;
	const void *outside_bottom;
	size_t outside_bytes;
#endif
#ifdef __SANITIZE_THREAD__
	void *fiber, *outside_fiber;
#endif
};

/* ---- the switch ------------------------------------------------------------------------------------- */

#if !CONTEXT_IS_UCONTEXT

/* Saves the preserved registers on the stack, stores the stack pointer in *from, continues at `to`. */
void context_switch_asm(void **from, void *to);
void context_entry_asm(void);

#if defined(__x86_64__)
/* System V ABI: rbx, rbp, r12-r15, and the control words of SSE and x87. */
__asm__(".text\n"
	".type context_switch_asm,@function\n"
	".hidden context_switch_asm\n"
	".globl context_switch_asm\n"
	"context_switch_asm:\n"
	"	pushq %rbp\n"
	"	pushq %rbx\n"
	"	pushq %r12\n"
	"	pushq %r13\n"
	"	pushq %r14\n"
	"	pushq %r15\n"
	"	subq $8, %rsp\n"
	"	stmxcsr (%rsp)\n"
	"	fnstcw 4(%rsp)\n"
	"	movq %rsp, (%rdi)\n"
	"	movq %rsi, %rsp\n"
	"	ldmxcsr (%rsp)\n"
	"	fldcw 4(%rsp)\n"
	"	addq $8, %rsp\n"
	"	popq %r15\n"
	"	popq %r14\n"
	"	popq %r13\n"
	"	popq %r12\n"
	"	popq %rbx\n"
	"	popq %rbp\n"
	"	ret\n"
	".size context_switch_asm,.-context_switch_asm\n"
	/* The first switch in returns here: the argument is in r12, the function in r13. */
	".type context_entry_asm,@function\n"
	".hidden context_entry_asm\n"
	".globl context_entry_asm\n"
	"context_entry_asm:\n"
	"	movq %r12, %rdi\n"
	"	xorl %ebp, %ebp\n"
	"	callq *%r13\n"
	"	ud2\n"
	".size context_entry_asm,.-context_entry_asm\n");

static void *context_prepare(char *top, void (*run)(struct context_stack *context),
			     struct context_stack *context)
{
	uint64_t *at = (uint64_t *)(void *)top;
	uint32_t sse;
	uint16_t x87;

	__asm__ volatile("stmxcsr %0" : "=m"(sse));
	__asm__ volatile("fnstcw %0" : "=m"(x87));
	*--at = 0;
	*--at = 0; /* two words: the call in context_entry_asm then finds the stack aligned */
	*--at = (uint64_t)(uintptr_t)context_entry_asm;
	*--at = 0;                            /* rbp */
	*--at = 0;                            /* rbx */
	*--at = (uint64_t)(uintptr_t)context; /* r12 */
	*--at = (uint64_t)(uintptr_t)run;     /* r13 */
	*--at = 0;                            /* r14 */
	*--at = 0;                            /* r15 */
	*--at = (uint64_t)x87 << 32 | sse;
	return at;
}
#else
/* AAPCS64: x19-x30 and d8-d15. */
__asm__(".text\n"
	".type context_switch_asm,%function\n"
	".hidden context_switch_asm\n"
	".globl context_switch_asm\n"
	"context_switch_asm:\n"
	"	sub sp, sp, #160\n"
	"	stp x19, x20, [sp, #0]\n"
	"	stp x21, x22, [sp, #16]\n"
	"	stp x23, x24, [sp, #32]\n"
	"	stp x25, x26, [sp, #48]\n"
	"	stp x27, x28, [sp, #64]\n"
	"	stp x29, x30, [sp, #80]\n"
	"	stp d8, d9, [sp, #96]\n"
	"	stp d10, d11, [sp, #112]\n"
	"	stp d12, d13, [sp, #128]\n"
	"	stp d14, d15, [sp, #144]\n"
	"	mov x9, sp\n"
	"	str x9, [x0]\n"
	"	mov sp, x1\n"
	"	ldp x19, x20, [sp, #0]\n"
	"	ldp x21, x22, [sp, #16]\n"
	"	ldp x23, x24, [sp, #32]\n"
	"	ldp x25, x26, [sp, #48]\n"
	"	ldp x27, x28, [sp, #64]\n"
	"	ldp x29, x30, [sp, #80]\n"
	"	ldp d8, d9, [sp, #96]\n"
	"	ldp d10, d11, [sp, #112]\n"
	"	ldp d12, d13, [sp, #128]\n"
	"	ldp d14, d15, [sp, #144]\n"
	"	add sp, sp, #160\n"
	"	ret\n"
	".size context_switch_asm,.-context_switch_asm\n"
	".type context_entry_asm,%function\n"
	".hidden context_entry_asm\n"
	".globl context_entry_asm\n"
	"context_entry_asm:\n"
	"	mov x0, x19\n"
	"	mov x29, xzr\n"
	"	blr x20\n"
	"	brk #1\n"
	".size context_entry_asm,.-context_entry_asm\n");

static void *context_prepare(char *top, void (*run)(struct context_stack *context),
			     struct context_stack *context)
{
	uint64_t *at = (uint64_t *)(void *)(top - 160);

	memset(at, 0, 160);
	at[0] = (uint64_t)(uintptr_t)context;            /* x19 */
	at[1] = (uint64_t)(uintptr_t)run;                /* x20 */
	at[11] = (uint64_t)(uintptr_t)context_entry_asm; /* x30 */
	return at;
}
#endif
#endif

/* ---- sanitizers --------------------------------------------------------------------------------------- */

static void context_leaving(struct context_stack *context, int is_inward, int is_last)
{
	(void)context, (void)is_inward, (void)is_last;
#ifdef CONTEXT_HAS_ASAN
	if (is_inward)
		__sanitizer_start_switch_fiber(&context->fake_outside,
					       context->mapping + context->guard_bytes,
					       context->mapping_bytes - context->guard_bytes);
	else
		__sanitizer_start_switch_fiber(is_last ? NULL : &context->fake_inside,
					       context->outside_bottom, context->outside_bytes);
#endif
#ifdef __SANITIZE_THREAD__
	if (is_inward)
		context->outside_fiber = __tsan_get_current_fiber();
	__tsan_switch_to_fiber(is_inward ? context->fiber : context->outside_fiber, 0);
#endif
}

static void context_arrived(struct context_stack *context, int is_inside)
{
	(void)context, (void)is_inside;
#ifdef CONTEXT_HAS_ASAN
	if (is_inside)
		__sanitizer_finish_switch_fiber(context->fake_inside, &context->outside_bottom,
						&context->outside_bytes);
	else
		__sanitizer_finish_switch_fiber(context->fake_outside, NULL, NULL);
#endif
}

/* ---- the face -------------------------------------------------------------------------------------------- */

static void context_main(struct context_stack *context)
{
	context_arrived(context, 1);
	context->run(context->arg);
	abort();
}

#if CONTEXT_IS_UCONTEXT
/* makecontext passes ints: the pointer comes in two halves. */
static void context_main_split(unsigned high, unsigned low)
{
	context_main((struct context_stack *)((uintptr_t)high << 16 << 16 | (uintptr_t)low));
}
#endif

struct context_stack *context_new(size_t stack_bytes)
{
	size_t page_bytes = (size_t)sysconf(_SC_PAGESIZE);
	size_t size_bytes = (stack_bytes + page_bytes - 1) / page_bytes * page_bytes;
	char *mapping = mmap(NULL, size_bytes + page_bytes, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

	if (mapping == MAP_FAILED)
		return NULL;
	if (mprotect(mapping, page_bytes, PROT_NONE) != 0) {
		munmap(mapping, size_bytes + page_bytes);
		return NULL;
	}
	struct context_stack *context = mem_new(struct context_stack);
	context->mapping = mapping;
	context->mapping_bytes = size_bytes + page_bytes;
	context->guard_bytes = page_bytes;
#ifdef __SANITIZE_THREAD__
	context->fiber = __tsan_create_fiber(0);
#endif
	return context;
}

void context_free(struct context_stack *context)
{
#ifdef __SANITIZE_THREAD__
	__tsan_destroy_fiber(context->fiber);
#endif
	munmap(context->mapping, context->mapping_bytes);
	mem_free(context);
}

void context_begin(struct context_stack *context, void (*run)(void *arg), void *arg)
{
	context->run = run;
	context->arg = arg;
#ifdef CONTEXT_HAS_ASAN
	/* What an abandoned task left poisoned on this stack must not trouble the next one. */
	__asan_unpoison_memory_region(context->mapping + context->guard_bytes,
				      context->mapping_bytes - context->guard_bytes);
	context->fake_inside = NULL;
#endif
#if CONTEXT_IS_UCONTEXT
	getcontext(&context->inside);
	context->inside.uc_stack.ss_sp = context->mapping + context->guard_bytes;
	context->inside.uc_stack.ss_size = context->mapping_bytes - context->guard_bytes;
	context->inside.uc_link = NULL;
	uintptr_t at = (uintptr_t)context;
	makecontext(&context->inside, (void (*)(void))context_main_split, 2,
		    (unsigned)(at >> 16 >> 16), (unsigned)at);
#else
	char *top = context->mapping + context->mapping_bytes;
	context->inside = context_prepare(top, context_main, context);
#endif
}

void context_switch_in(struct context_stack *context)
{
	context_leaving(context, 1, 0);
#if CONTEXT_IS_UCONTEXT
	swapcontext(&context->outside, &context->inside);
#else
	context_switch_asm(&context->outside, context->inside);
#endif
	context_arrived(context, 0);
}

void context_switch_out(struct context_stack *context, int is_last)
{
	context_leaving(context, 0, is_last);
#if CONTEXT_IS_UCONTEXT
	swapcontext(&context->inside, &context->outside);
#else
	context_switch_asm(&context->inside, context->outside);
#endif
	context_arrived(context, 1);
}
