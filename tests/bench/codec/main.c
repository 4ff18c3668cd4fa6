// SPDX-License-Identifier: GPL-2.0
/*
 * Times the codecs on the host's own processor, natively.
 *
 *   codec SECONDS DIRECTORY KIND...
 *
 * DIRECTORY/KIND has pages. They are taken in random order, BATCH at a time, and with each batch
 * every contender has a turn, one after the other, in changing order. So what else the machine
 * does meanwhile falls on all of them, and their ratios hold. Each turn is timed twice: with
 * what it reads flushed from the caches ("cold"), and at once again ("hot"), when branches are
 * predicted better, too. Every page that was decoded is compared.
 *
 * Prints the columns that the other parts of the benchmarks have. Times are medians of all
 * batches, and "q1" and "q3" the quartiles; a ratio is the median of the batches' ratios.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "codec.h"

enum { BATCH = 32 };

/* What is timed: of all contenders, then of the module alone. */
enum { ENCODE, DECODE, EACH };
enum { STORE = EACH * CONTENDERS, IS_RANDOM, FIND, FILL, FIGURES };

enum { COLD, HOT, STATES };

static const char *const states[STATES] = { "cold", "hot" };

/* A time for each batch; 0 where there was none. */
struct times {
	double *ns;
	size_t len, room;
};

static struct times times[FIGURES][STATES];
static uint8_t *pages;
static size_t count;

static uint8_t blocks[CONTENDERS][BATCH][2 * PAGE], decoded[BATCH][PAGE] __attribute__((aligned(64)));
static size_t lens[CONTENDERS][BATCH];
/* The batch, and which pages of it all contenders made small enough to be kept. */
static uint8_t *batch[BATCH];
static bool kept[BATCH];
static unsigned int keep;
/* Bytes that each would keep, and pages that were seen. */
static double bytes[CONTENDERS], seen;
/* So that nothing is left out as unused. */
static volatile unsigned int sink;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static void add(int figure, int state, double ns)
{
	struct times *t = &times[figure][state];

	if (t->len == t->room) {
		t->room = t->room ? 2 * t->room : 1024;
		t->ns = realloc(t->ns, t->room * sizeof(*t->ns));
		if (!t->ns) {
			fprintf(stderr, "codec: out of memory\n");
			exit(1);
		}
	}
	t->ns[t->len++] = ns;
}

static void flush(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i += 64)
		__builtin_ia32_clflush(data + i);
	__builtin_ia32_mfence();
}

static void flush_pages(void)
{
	for (int i = 0; i < BATCH; i++)
		flush(batch[i], PAGE);
}

static void flush_blocks(int c)
{
	for (int i = 0; i < BATCH; i++)
		flush(blocks[c][i], lens[c][i]);
}

/* Runs LOOP for each page of the batch, on pages that are cold and on pages that are hot. */
#define TURN(figure, flush, pages, loop)					\
	for (int state = COLD; state < STATES; state++) {			\
		double start;							\
										\
		if (state == COLD)						\
			flush;							\
		start = now();							\
		for (int i = 0; i < BATCH; i++)					\
			loop;							\
		add(figure, state, (pages) ? (now() - start) / (pages) : 0);	\
	}

/* What is not timed with this batch. */
static void leave_out(int figure)
{
	for (int state = COLD; state < STATES; state++)
		add(figure, state, 0);
}

static void encode(int c)
{
	if (c == VSWAP)
		leave_out(STORE);
	TURN(ENCODE * CONTENDERS + c, flush_pages(), BATCH,
	     lens[c][i] = contenders[c].encode(batch[i], blocks[c][i]));
}

static void decode(int c)
{
	bool fine = true;

	TURN(DECODE * CONTENDERS + c, flush_blocks(c), keep,
	     if (kept[i]) fine &= contenders[c].decode(blocks[c][i], lens[c][i], decoded[i]));
	for (int i = 0; i < BATCH; i++) {
		if (fine && (!kept[i] || !memcmp(decoded[i], batch[i], PAGE)))
			continue;
		fprintf(stderr, "codec: %s did not bring a page back\n", contenders[c].name);
		exit(1);
	}
}

/* The kernel's decoder reads what the module's encoder wrote, and the other way round. */
static void exchange(int from, int to)
{
	for (int i = 0; i < BATCH; i++) {
		if (!kept[i] || (contenders[to].decode(blocks[from][i], lens[from][i], decoded[i]) &&
				 !memcmp(decoded[i], batch[i], PAGE)))
			continue;
		fprintf(stderr, "codec: %s does not read a block of %s\n", contenders[to].name,
			contenders[from].name);
		exit(1);
	}
}

/* What the module does with a page that is no repeated word. */
static void store(void)
{
	leave_out(ENCODE * CONTENDERS + VSWAP);
	TURN(STORE, flush_pages(), BATCH,
	     lens[VSWAP][i] = ours_is_random(batch[i]) ? 0 :
			      contenders[VSWAP].encode(batch[i], blocks[VSWAP][i]));
}

static void look(void)
{
	uint32_t word = 0;

	TURN(IS_RANDOM, flush_pages(), BATCH, sink += ours_is_random(batch[i]));
	TURN(FIND, flush_pages(), BATCH, sink += ours_find(batch[i], &word));
	TURN(FILL, flush(decoded[0], sizeof(decoded)), BATCH, ours_fill(decoded[i], word));
	for (int i = 0; i < BATCH; i++) {
		if (!ours_find(batch[i], &word))
			continue;
		ours_fill(decoded[i], word);
		if (!memcmp(decoded[i], batch[i], PAGE))
			continue;
		fprintf(stderr, "codec: a repeated word did not bring a page back\n");
		exit(1);
	}
}

static void turns(unsigned int first)
{
	bool with_look = first % 2;

	first /= 2;
	/*
	 * Every other batch is for the codec of the module alone, the rest for it and the look:
	 * one after the other on the same pages, the second would find its branches predicted.
	 */
	for (int i = 0; i < CONTENDERS; i++) {
		int c = (first + i) % CONTENDERS;

		if (c == VSWAP && with_look)
			store();
		else
			encode(c);
	}
	for (int i = 0; with_look && i < BATCH; i++)
		lens[VSWAP][i] = contenders[VSWAP].encode(batch[i], blocks[VSWAP][i]);
	keep = 0;
	for (int i = 0; i < BATCH; i++) {
		kept[i] = true;
		for (int c = 0; c < CONTENDERS; c++) {
			bool fits = lens[c][i] && lens[c][i] <= LIMIT;

			bytes[c] += fits ? lens[c][i] : PAGE;
			kept[i] &= fits;
		}
		keep += kept[i];
	}
	for (int i = 0; i < CONTENDERS; i++)
		decode((first + i) % CONTENDERS);
	exchange(VSWAP, LZ4);
	exchange(LZ4, VSWAP);
	look();
	seen += BATCH;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Prints the median and the quartiles of what is not 0. */
static void print(const char *kind, const char *contender, const char *compressor, const char *figure,
		  const char *unit, double *values, size_t len)
{
	static const char *const names[] = { " q1", "", " q3" };
	size_t zeroes = 0;

	qsort(values, len, sizeof(*values), compare);
	while (zeroes < len && values[zeroes] == 0)
		zeroes++;
	len -= zeroes;
	for (int i = 0; len && i < 3; i++)
		printf("codec,%s,%s,%s,4k,%s%s,%s,%.*f\n", contender, compressor, kind, figure, names[i],
		       unit, strcmp(unit, "ratio") ? 1 : 3, values[zeroes + len * (i + 1) / 4]);
}

/* A figure of a contender, and its share of the same of the kernel's LZ4, batch by batch. */
static void report(const char *kind, int c, const char *name, int figure, int of)
{
	if (figure == of)
		of = -1;
	for (int state = COLD; state < STATES; state++) {
		struct times *t = &times[figure][state], *base = of < 0 ? NULL : &times[of][state];
		double *ns = malloc(2 * (t->len + 1) * sizeof(*ns)), *ratios = ns + t->len;
		char text[64];

		if (!ns)
			exit(1);
		memcpy(ns, t->ns, t->len * sizeof(*ns));
		for (size_t i = 0; base && i < t->len; i++)
			ratios[i] = base->ns[i] > 0 ? t->ns[i] / base->ns[i] : 0;
		snprintf(text, sizeof(text), "%s %s", name, states[state]);
		print(kind, contenders[c].name, contenders[c].compressor, text, "ns/page", ns, t->len);
		if (base) {
			snprintf(text, sizeof(text), "%s %s of lz4's", name, states[state]);
			print(kind, contenders[c].name, contenders[c].compressor, text, "ratio", ratios, t->len);
		}
		free(ns);
	}
}

static void report_all(const char *kind)
{
	for (int c = 0; c < CONTENDERS; c++) {
		const struct contender *this = &contenders[c];

		report(kind, c, "encode", ENCODE * CONTENDERS + c, ENCODE * CONTENDERS + LZ4);
		report(kind, c, "decode", DECODE * CONTENDERS + c, DECODE * CONTENDERS + LZ4);
		printf("codec,%s,%s,%s,4k,size,bytes/page,%.1f\n", this->name, this->compressor, kind,
		       bytes[c] / seen);
		if (c != LZ4)
			printf("codec,%s,%s,%s,4k,size of lz4's,ratio,%.4f\n", this->name,
			       this->compressor, kind, bytes[c] / bytes[LZ4]);
	}
	report(kind, VSWAP, "look and encode", STORE, ENCODE * CONTENDERS + LZ4);
	report(kind, VSWAP, "is_random", IS_RANDOM, -1);
	report(kind, VSWAP, "same-filled find", FIND, -1);
	report(kind, VSWAP, "same-filled fill", FILL, -1);
	fflush(stdout);
}

static void read_pages(const char *directory, const char *kind)
{
	char path[4096];
	struct stat stat;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, kind);
	file = fopen(path, "r");
	if (!file || fstat(fileno(file), &stat) || stat.st_size < BATCH * PAGE) {
		fprintf(stderr, "codec: %s has no pages\n", path);
		exit(1);
	}
	count = stat.st_size / PAGE;
	free(pages);
	pages = aligned_alloc(PAGE, count * PAGE);
	if (!pages || fread(pages, PAGE, count, file) != count) {
		fprintf(stderr, "codec: cannot read %s\n", path);
		exit(1);
	}
	fclose(file);
}

static void measure(double seconds)
{
	size_t *order = calloc(count, sizeof(*order));
	double start = now();
	unsigned int first = 0;

	if (!order)
		exit(1);
	for (size_t i = 0; i < count; i++)
		order[i] = i;
	do {
		for (size_t i = count - 1; i > 0; i--) {
			size_t j = random() % (i + 1), other = order[j];

			order[j] = order[i];
			order[i] = other;
		}
		for (size_t at = 0; at + BATCH <= count; at += BATCH) {
			for (int i = 0; i < BATCH; i++)
				batch[i] = pages + order[at + i] * PAGE;
			turns(first++);
		}
	} while (now() - start < seconds * 1e9);
	free(order);
}

int main(int argc, char **argv)
{
	cpu_set_t cpu;

	if (argc < 4) {
		fprintf(stderr, "usage: codec SECONDS DIRECTORY KIND...\n");
		return 1;
	}
	CPU_ZERO(&cpu);
	CPU_SET(sched_getcpu(), &cpu);
	if (sched_setaffinity(0, sizeof(cpu), &cpu))
		perror("codec: sched_setaffinity");
	apply_alternatives();
	set_up();
	for (int i = 3; i < argc; i++) {
		read_pages(argv[2], argv[i]);
		memset(bytes, 0, sizeof(bytes));
		seen = 0;
		for (int figure = 0; figure < FIGURES; figure++)
			for (int state = COLD; state < STATES; state++)
				times[figure][state].len = 0;
		measure(atof(argv[1]));
		report_all(argv[i]);
	}
	return 0;
}
