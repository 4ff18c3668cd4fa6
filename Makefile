# SPDX-License-Identifier: GPL-2.0
# `make run` and `make check` do all their set-up by themselves.

FLAVOR ?= release

help:
	@echo 'make run      boot a guest, push real data through the ghost, verify it'
	@echo 'make check    all tests: style, host, guest on release and debug'
	@echo 'make bench    measure vswap, zram, zswap and plain swap (BENCH=part for one)'
	@echo 'make bench-check  compare instruction counts with the budgets, bench-keep renews these'
	@echo 'make soak     the storm of the selftests for HOURS=1 on FLAVOR=debug'
	@echo 'make shell    a shell in a guest with the ghost swapped on'
	@echo 'make kernel   build build/$$FLAVOR/bzImage'
	@echo 'make module   build build/$$FLAVOR/vswap.ko'
	@echo 'make tools    build vswapctl and what sets the ghost up at boot, in build/tools'
	@echo 'make deb      Debian packages of kernel, headers and tools, in build/deb'
	@echo 'make check-machine  install these on a Debian in QEMU, reboot, upgrade, remove'
	@echo 'make clean    remove build/ (what took long is in the cache)'
	@echo
	@echo 'FLAVOR=release|debug|kcsan|lockstat|vanilla   which kernel (default: release)'
	@echo 'KERNEL_SRC=dir                 your own Linux 7.3.y tree'

run: ; @scripts/run
check: ; @scripts/check
bench: ; @scripts/bench
bench-check: ; @scripts/bench-check
bench-keep: ; @scripts/bench --keep
kernel: ; @scripts/kernel $(FLAVOR)
deb: ; @scripts/deb
check-machine: ; @scripts/check-machine
module: ; @scripts/module $(FLAVOR)
tools: ; @scripts/tools
soak: ; @scripts/soak --hours $(or $(HOURS),1) --flavor $(if $(filter file,$(origin FLAVOR)),debug,$(FLAVOR))
shell: ; @scripts/module $(FLAVOR) && scripts/guest --flavor $(FLAVOR) --shell
clean: ; rm -rf build

.PHONY: help run check bench bench-check bench-keep kernel module tools deb check-machine soak shell clean
