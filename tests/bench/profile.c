// SPDX-License-Identifier: GPL-2.0
/*
 * A plugin for QEMU that counts instructions by where they are: run by
 * scripts/profile. The guest says what belongs together: each time it executes
 * the mark, a long nop, another stretch begins. At the end there is a line for
 * each block of code: its address, then its instructions in each stretch.
 *
 * QEMU's header for plugins is not packaged; what is used of it is declared here.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum flags { CB_NO_REGS };

void qemu_plugin_register_vcpu_tb_trans_cb(uint64_t id,
					   void (*cb)(uint64_t id, struct qemu_plugin_tb *tb));
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *tb,
					  void (*cb)(unsigned int cpu, void *data),
					  enum flags flags, void *data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *insn,
					    void (*cb)(unsigned int cpu, void *data),
					    enum flags flags, void *data);
void qemu_plugin_register_atexit_cb(uint64_t id, void (*cb)(uint64_t id, void *data), void *data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *tb);
uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *tb);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *tb, size_t i);
size_t qemu_plugin_insn_data(const struct qemu_plugin_insn *insn, void *data, size_t size);

__attribute__((visibility("default"))) int qemu_plugin_version = 4;

/* nopl 0x70777376(%rax): the mark of tests/selftests/src/bin/measure/clock.rs */
static const unsigned char mark[] = { 0x0f, 0x1f, 0x80, 'v', 's', 'w', 'p' };

#define STRETCHES 16

struct block {
	struct block *next;
	uint64_t address, instructions;
	uint64_t runs[STRETCHES];
};

static struct block *blocks;
static unsigned int stretch;
static FILE *out;

static void block_runs(unsigned int cpu, void *data)
{
	struct block *block = data;

	block->runs[stretch]++;
}

static void mark_is_passed(unsigned int cpu, void *data)
{
	if (stretch < STRETCHES - 1)
		stretch++;
}

static void translated(uint64_t id, struct qemu_plugin_tb *tb)
{
	struct block *block = calloc(1, sizeof(*block));
	unsigned char bytes[sizeof(mark)];

	if (!block)
		abort();
	block->address = qemu_plugin_tb_vaddr(tb);
	block->instructions = qemu_plugin_tb_n_insns(tb);
	block->next = blocks;
	blocks = block;
	qemu_plugin_register_vcpu_tb_exec_cb(tb, block_runs, CB_NO_REGS, block);
	for (size_t i = 0; i < block->instructions; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);

		if (qemu_plugin_insn_data(insn, bytes, sizeof(bytes)) == sizeof(mark) &&
		    !memcmp(bytes, mark, sizeof(mark)))
			qemu_plugin_register_vcpu_insn_exec_cb(insn, mark_is_passed, CB_NO_REGS, NULL);
	}
}

static void ended(uint64_t id, void *data)
{
	for (struct block *block = blocks; block; block = block->next) {
		fprintf(out, "%" PRIx64, block->address);
		for (unsigned int i = 0; i < STRETCHES; i++)
			fprintf(out, " %" PRIu64, block->runs[i] * block->instructions);
		fputc('\n', out);
	}
	fclose(out);
}

/* One argument: out=FILE */
__attribute__((visibility("default")))
int qemu_plugin_install(uint64_t id, const void *info, int argc, char **argv)
{
	if (argc != 1 || strncmp(argv[0], "out=", 4) || !(out = fopen(argv[0] + 4, "w")))
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, translated);
	qemu_plugin_register_atexit_cb(id, ended, NULL);
	return 0;
}
