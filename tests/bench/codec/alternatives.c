// SPDX-License-Identifier: GPL-2.0
/*
 * memcpy(), memmove() and memset() of the kernel begin with a jump to a variant for processors
 * without fast string instructions. At boot the kernel replaces it where the processor has them.
 */
#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "codec.h"

/* As in arch/x86/include/asm/alternative.h. */
struct alt_instr {
	int32_t instr_offset;
	int32_t repl_offset;
	uint16_t feature;
	uint16_t flags;
	uint8_t instrlen;
	uint8_t replacementlen;
} __attribute__((packed));

/* Of the section that scripts/bench-codec gives a C name. */
extern const struct alt_instr __start_altinstructions[], __stop_altinstructions[];

enum { FSRS = 12 * 32 + 11, FSRM = 18 * 32 + 4 };

static bool has(uint16_t feature)
{
	unsigned int a = 0, b, c, d = 0;

	switch (feature) {
	case FSRM:
		return __get_cpuid_count(7, 0, &a, &b, &c, &d) && d & 1 << 4;
	case FSRS:
		return __get_cpuid_count(7, 1, &a, &b, &c, &d) && a & 1 << 11;
	default:
		return false;
	}
}

void apply_alternatives(void)
{
	const struct alt_instr *alt;

	for (alt = __start_altinstructions; alt < __stop_altinstructions; alt++) {
		uint8_t *instr = (uint8_t *)&alt->instr_offset + alt->instr_offset;
		const uint8_t *repl = (uint8_t *)&alt->repl_offset + alt->repl_offset;
		uint8_t *start = (uint8_t *)((uintptr_t)instr & -PAGE);

		if (alt->flags || !has(alt->feature))
			continue;
		if (mprotect(start, 2 * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC)) {
			perror("codec: mprotect");
			exit(1);
		}
		/* None of them has a jump out of it, which had to be adjusted. */
		memset(instr, 0x90, alt->instrlen);
		memcpy(instr, repl, alt->replacementlen);
	}
	fprintf(stderr, "codec: memcpy() for a processor %s FSRM, memset() %s FSRS\n",
		has(FSRM) ? "with" : "without", has(FSRS) ? "with" : "without");
}
