# The front door. Everything here is a line or two; the C build is in meson.build, the installer
# in tools/install, the tests are gathered by tools/run_tests.

SHELL    = /bin/sh
MAKEFLAGS += --no-print-directory
CC       = gcc
CLANG    = clang
PREFIX   = /usr/local
DATA     = data/demo
LISTEN   = 127.0.0.1:8080
NPM_CI   = npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
QUIET    = tools/quietly

# One line for each build directory: compiler and options.
release_setup = CC=$(CC) -Db_lto=true
address_setup = CC=$(CC) -Dsanitize=address
thread_setup  = CC=$(CLANG) -Dsanitize=thread
fuzz_setup    = CC=$(CLANG) -Dfuzz=true
noaudit_setup = CC=$(CC) -Db_lto=true -Daudit=false

# $(call configure,NAME,OPTIONS) makes build/NAME once.
configure = [ -f build/$(1)/build.ninja ] || $(QUIET) 'configuring build/$(1)' \
    env $(firstword $($(1)_setup)) meson setup build/$(1) $(2) $(wordlist 2,99,$($(1)_setup))

help:
	@echo 'make run       build, then start a demonstration practice (DATA=$(DATA) LISTEN=$(LISTEN))'
	@echo 'make test      build with and without sanitizers, run every test'
	@echo 'make build     install what is missing, compile into build/release'
	@echo 'make deps      only install what is missing (Debian 12 or 13)'
	@echo 'make bench     measure; results in bench/results'
	@echo 'make lint      the checks of our own house rules'
	@echo 'make format    lay out the C sources with clang-format'
	@echo 'make install   install build/release (PREFIX=$(PREFIX) DESTDIR=)'
	@echo 'make clean     remove build/ (make run keeps its records in data/)'

deps: system-deps definitions/node_modules/.package-lock.json web/node_modules/.package-lock.json

system-deps:
	@tools/install build

test-deps:
	@tools/install build test

definitions/node_modules/.package-lock.json: definitions/package.json definitions/package-lock.json | system-deps
	@$(QUIET) 'fetching the published definitions' sh -c 'cd definitions && $(NPM_CI)'
	@touch $@

test/browser/node_modules/.package-lock.json: test/browser/package.json test/browser/package-lock.json | test-deps
	@$(QUIET) 'fetching the client of the browser test' sh -c 'cd test/browser && $(NPM_CI)'
	@touch $@

web/node_modules/.package-lock.json: web/package.json web/package-lock.json | system-deps
	@$(QUIET) 'fetching the tools of the web app' tools/fetch_web $(NPM_CI)
	@touch $@

# Only the program: it needs fewer packages, and linking the tests takes longer than all the rest.
build: deps
	@$(call configure,release,-Dtests=false)
	@$(QUIET) 'compiling build/release' ninja --quiet -C build/release hale

# `make build/NAME.compiled`: everything, and ninja decides what is out of date. A directory that was
# made without its tests gets them.
build/%.compiled: test-deps definitions/node_modules/.package-lock.json test/browser/node_modules/.package-lock.json web/node_modules/.package-lock.json
	@$(call configure,$*)
	@[ -f build/$*/tests ] || meson configure build/$* -Dtests=true
	@touch build/$*/tests
	@$(QUIET) 'compiling build/$* and its tests' ninja --quiet -C build/$*

run: build
	@exec build/release/hale demo --data $(DATA) --listen $(LISTEN)

test: build/release.compiled build/address.compiled build/thread.compiled build/fuzz.compiled
	@tools/run_tests release address thread:thread fuzz:fuzz

bench: build
	@$(call configure,noaudit,-Dtests=false)
	@$(QUIET) 'compiling the benchmark' ninja --quiet -C build/release bench-programs
	@$(QUIET) 'compiling build/noaudit' ninja --quiet -C build/noaudit hale
	@bench/run

lint:
	@tools/lint

format:
	@git ls-files -z '*.c' '*.h' | xargs -0 clang-format -i

install: build
	@$(QUIET) 'setting the prefix to $(PREFIX)' meson configure build/release --prefix=$(PREFIX)
	@$(QUIET) 'compiling build/release' ninja --quiet -C build/release hale
	@DESTDIR=$(DESTDIR) meson install -C build/release --no-rebuild

clean:
	rm -rf build

# The steps share build/log, apt's locks and the processor; ninja does what can be done at once.
.NOTPARALLEL:
.PHONY: help deps system-deps test-deps build run test bench lint format install clean
