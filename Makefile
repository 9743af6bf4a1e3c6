# palbench. `make reproduce` and `make test` set up what they need, build and run; see README.md. `make help` prints the lines of
# this comment that say what a variable does, and what stands behind ## at the targets.
#
#   CC=clang        another compiler             ARCH=x86-64-v3   another instruction set (default: this machine's)
#   ONEDNN=PREFIX   another oneDNN               BUILD=DIR        another build folder
#   DATA=DIR        where the data sets lie      THREADS=N        threads (default: all cores)
#   CLIP=PATH       a CLIP checkpoint, or the folder of RN50.pt, RN101.pt, ViT-B-16.pt with their vocabulary (for SUITE=paper)
#   SD=PATH         a Stable Diffusion checkpoint (for SUITE=paper)
#   SUITE=NAME      what reproduce and report are about, "paper" say; LIMIT=N: a rehearsal on N images a split
#   WERROR=1        warnings stop the build      PREFIX=DIR       where install puts things (default: /usr/local)
#   DEPS=no         install nothing: what stops the build is only named
#   ROOMS="..."     build only these folders (for working on one room)
#   make plugin SRC=my.c OUT=my.so   a method of your own as a shared object (methods/README.md)

ifeq ($(origin CC),default)
CC := gcc
endif
ARCH   ?= native
BUILD  ?= build
PREFIX ?= /usr/local
# The rooms, lowest first: includes point from a room to those before it, never on (tests/test_rooms.sh).
ROOMS  ?= harness/base harness/graph harness/io harness/score harness/clip datasets harness/diffusion methods harness/experiments harness/stages \
          harness/results harness/speed harness/plan harness/cluster harness/pretrain harness/inspect reports harness/cli

# The one version of clang-format whose layout is ours: another lays some lines out otherwise.
CLANG_FORMAT := 14
# What is needed and how each distribution calls it.
DEPENDENCIES = CC='$(CC)' FLAGS='$(ONEDNN_CFLAGS) $(CFLAGS)' CLANG_FORMAT=$(CLANG_FORMAT) sh harness/deps.sh

PACKAGES   := libcjson cairo libpng libjpeg libwebp libwebpdemux libtiff-4 zlib libcrypto libzip yaml-0.1 expat yajl
# Not every distribution tells pkg-config of HDF5.
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null; pkg-config --cflags hdf5 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null; pkg-config --libs hdf5 2>/dev/null || echo -lhdf5)
ifdef ONEDNN
ONEDNN_CFLAGS := -isystem $(ONEDNN)/include
ONEDNN_LIBS   := -L$(ONEDNN)/lib -Wl,-rpath,$(abspath $(ONEDNN)/lib) -ldnnl
else
ONEDNN_LIBS   := -ldnnl
endif

# An enum's constant is an integer constant to us: clang 19 warns of it in arithmetic with doubles, as C++ does.
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wno-enum-float-conversion
# Nor of a loop that it does not unroll or make a vector of, as with -O1 for the sanitizers: speed is measured, not asked for.
WARNINGS += -Wno-pass-failed
# A compiler to come warns of what this one does not; that shall stop continuous integration (.ci/run) and nobody else.
ifdef WERROR
WARNINGS += -Werror
endif
# No -ffast-math: a NaN must stay a NaN. -ffp-contract=off: clang, like gcc, computes a * b + c in two roundings, so that both draw
# the same pictures.
CFLAGS   ?= -O3 -g
override CFLAGS := -std=c11 -D_GNU_SOURCE -I. -march=$(ARCH) -fopenmp -ffp-contract=off -fno-math-errno $(CFLAGS) $(WARNINGS) $(ONEDNN_CFLAGS) $(PKG_CFLAGS)
LDLIBS   := $(ONEDNN_LIBS) $(PKG_LIBS) -lgif -lunistring -lm -ldl -fopenmp
# Plugins call the program's functions: all of the library goes in, also what the program itself does not call, and its names are
# exported.
EXPORTED  = -rdynamic -Wl,--whole-archive $(LIBRARY) -Wl,--no-whole-archive

# A room's folder and those in it; the example of a plugin is built as one.
SOURCES := $(filter-out methods/example_plugin/%,$(foreach room,$(ROOMS),$(wildcard $(room)/*.c $(room)/*/*.c)))
OBJECTS := $(filter-out $(BUILD)/harness/cli/main.o,$(SOURCES:%.c=$(BUILD)/%.o))
LIBRARY := $(BUILD)/libpalbench.a
PROGRAM := $(BUILD)/palbench
TESTS   := $(patsubst tests/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/test_*.c)))
SUPPORT := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(wildcard tests/test_*.c) tests/fault_shim.c,$(wildcard tests/*.c)))
JOBS    := -j$(shell nproc 2>/dev/null || echo 1)
# Files that are not added yet too.
FORMATTED = $(shell git ls-files -co --exclude-standard '*.c' '*.h' 2>/dev/null || find $(ROOMS) tests -name '*.[ch]')

# What the program writes about itself.
MANUAL     := $(BUILD)/palbench.1
COMPLETION := $(BUILD)/completion.bash $(BUILD)/completion.zsh

all: $(PROGRAM) $(BUILD)/plugin.mk $(MANUAL) $(COMPLETION) ## the program, build/palbench

help: ## this list
	@sed -n '/^[^#]/q; s/^#   \([A-Z][A-Z]*=.*\)/  \1/p' Makefile
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-19s %s\n", $$1, $$2}' Makefile

# ---- the two commands ----

# CLIP, SD and DATA reach the program as its environment (harness/experiments/places.h).
SUITE_FLAGS = $(if $(SUITE),--suite '$(SUITE)') $(if $(LIMIT),--limit $(LIMIT))

# deps first, then a fresh make, so that what was just installed is seen.
reproduce: deps ## install what is missing, build, run the default suites, write the report
	@$(MAKE) --no-print-directory -s $(JOBS) all
	@$(PROGRAM) reproduce $(SUITE_FLAGS) $(RUN_FLAGS)

test: deps ## install what is missing, build, test
	@$(MAKE) --no-print-directory -s check

check: ## build and test, without the package manager
	@$(MAKE) --no-print-directory -s $(JOBS) all tests
	@PALBENCH=$(PROGRAM) tests/run_tests.sh $(TESTS) $(sort $(wildcard tests/test_*.sh))

# ---- the others ----

# Every suite whose name begins with "ablate"; what is stored is not made again.
ablate: deps ## run the suites ablate*
	@$(MAKE) --no-print-directory -s $(JOBS) all
	@$(PROGRAM) reproduce --suite 'ablate*' $(RUN_FLAGS)

report: deps ## write the report of what is stored
	@$(MAKE) --no-print-directory -s $(JOBS) all
	@$(PROGRAM) report $(SUITE_FLAGS) $(RUN_FLAGS)

pretrain: deps ## train the embedded world's models anew
	@$(MAKE) --no-print-directory -s $(JOBS) all
	@$(PROGRAM) pretrain clip --resume $(RUN_FLAGS)
	@$(PROGRAM) pretrain diffusion --resume $(RUN_FLAGS)

# A method of one's own as a shared object; without SRC the example. SRC may be several files.
SRC ?= methods/example_plugin/text_residual.c
OUT ?= $(BUILD)/$(basename $(notdir $(firstword $(SRC)))).so
plugin: all ## SRC=my.c OUT=my.so: a method of your own as a shared object
	$(PLUGIN_COMPILE) $(PLUGIN_CFLAGS) -o $(OUT) $(SRC)

tests: $(TESTS) ## build the test programs

# The unit tests again, under the address and undefined-behaviour sanitizers.
check-asan: deps ## all tests that run the program, under the address and undefined-behaviour sanitizers of gcc and of clang
	@$(MAKE) --no-print-directory -s .sanitized CC=gcc BUILD=$(BUILD)/asan-gcc
	@$(MAKE) --no-print-directory -s .sanitized CC=clang BUILD=$(BUILD)/asan-clang

# -O1: the report's lines are the source's. clang links its sanitizers into the program alone, and plugins find them there.
SANITIZERS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
.sanitized:
	@$(MAKE) --no-print-directory -s $(JOBS) CC=$(CC) BUILD=$(BUILD) ARCH=$(ARCH) LDFLAGS="$(SANITIZERS)" CFLAGS="-O1 -g $(SANITIZERS)" all tests
	@ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:detect_stack_use_after_return=0 \
	  LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp:print_suppressions=0 \
	  PALBENCH=$(BUILD)/palbench tests/run_tests.sh $(TESTS) $(sort $(wildcard tests/test_cli*.sh))

# Every parser of what comes from outside under libFuzzer, for FUZZ_S seconds each (60); FUZZ_TARGETS="fuzz_json" runs only these.
FUZZ := $(BUILD)/fuzz
FUZZ_TARGETS ?= $(sort $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_FLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
fuzz: deps ## run every parser of what comes from outside under libFuzzer (clang), FUZZ_S seconds each
	@$(MAKE) --no-print-directory -s $(JOBS) CC=clang BUILD=$(FUZZ) CFLAGS="$(FUZZ_FLAGS) -fsanitize=fuzzer-no-link" .fuzz-targets
	@tests/fuzz/run.sh $(FUZZ) $(FUZZ_TARGETS:%=$(FUZZ)/%)

.fuzz-targets: $(FUZZ_TARGETS:%=$(BUILD)/%)
$(BUILD)/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(LIBRARY)
	$(CC) -fsanitize=fuzzer,address,undefined -o $@ $^ $(LDFLAGS) $(LDLIBS)

# Every place where a system call or an allocation of ours can fail, one after the other (tests/faults.sh): about an hour.
test-faults: deps ## let every write, flush, rename, opening, mapping, allocation fail once in a tiny suite
	@$(MAKE) --no-print-directory -s $(JOBS) all $(BUILD)/fault_shim.so
	@tests/faults.sh $(PROGRAM) $(BUILD)/fault_shim.so

$(BUILD)/fault_shim.so: tests/fault_shim.c $(BUILD)/.flags
	$(CC) $(filter-out -fopenmp,$(CFLAGS)) -fPIC -shared -o $@ $< -ldl

# Which lines the tests run, room by room: gcc's counters and gcov, nothing else.
COVERAGE := $(BUILD)/coverage
coverage: ## the tests with counters: which share of the lines of each room they run
	@$(MAKE) --no-print-directory -s $(JOBS) BUILD=$(COVERAGE) ARCH=$(ARCH) LDFLAGS=--coverage \
	  CFLAGS="-O1 -g --coverage -fprofile-update=atomic" all tests
	@find $(COVERAGE) -name '*.gcda' -delete
	@PALBENCH=$(COVERAGE)/palbench tests/run_tests.sh $(TESTS:$(BUILD)/%=$(COVERAGE)/%) $(sort $(wildcard tests/test_*.sh))
	@tests/coverage.sh $(COVERAGE) $(ROOMS)

# .clang-tidy says what is asked; FILES="a.c b.c" asks of some files only.
FILES ?= $(SOURCES)
tidy: ## clang-tidy on every source file
	@printf '%s\n' $(FILES) | xargs -P $(JOBS:-j%=%) -n 4 sh -c 'clang-tidy --quiet "$$@" -- $(filter-out -g -f%,$(CFLAGS)) -fopenmp' tidy

deps: ## install what is missing where there is apt, name it elsewhere; nothing with DEPS=no
ifneq ($(DEPS),no)
	@$(DEPENDENCIES) install build draw test
endif

# Real engines, outside the ordinary tests: what is not installed is skipped by name. SNAKEMAKE=PATH: the program of that name.
test-slurm: all ## a real Slurm, make, mpirun, Snakemake, two hosts with one folder: each with the bits of a plain run (root)
	@PALBENCH=$(PROGRAM) tests/run_tests.sh tests/cluster/slurm.sh tests/cluster/engines.sh tests/cluster/hosts.sh

test-distributions: ## both commands of the README on bare systems of Debian, from nothing (root, mmdebstrap, an hour)
	@sh tests/distributions.sh

format: ## bring every file into the project's form (.clang-format)
	@formatter=$$($(DEPENDENCIES) formatter) && $$formatter -i $(FORMATTED)

format-check: ## whether every file is in it
	@formatter=$$($(DEPENDENCIES) formatter $(if $(filter no,$(DEPS)),,install)) && $$formatter --dry-run -Werror $(FORMATTED) && echo "format: good"

install: all ## to PREFIX (and DESTDIR)
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/palbench/results $(DESTDIR)$(PREFIX)/include/palbench
	install -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/palbench
	install -D -m 644 $(MANUAL) $(DESTDIR)$(PREFIX)/share/man/man1/palbench.1
	install -D -m 644 $(BUILD)/completion.bash $(DESTDIR)$(PREFIX)/share/bash-completion/completions/palbench
	install -D -m 644 $(BUILD)/completion.zsh $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_palbench
	install -m 644 experiments.json experiments.schema.json $(DESTDIR)$(PREFIX)/share/palbench/
	cp -R results/pretrained results/published results/reference $(DESTDIR)$(PREFIX)/share/palbench/results/
	cp --parents $(PLUGIN_HEADERS) $(DESTDIR)$(PREFIX)/include/palbench/
	sed 's|-I$(CURDIR) |-I$(PREFIX)/include/palbench |' $(BUILD)/plugin.mk >$(DESTDIR)$(PREFIX)/share/palbench/plugin.mk

uninstall: ## what install put there
	rm -f $(DESTDIR)$(PREFIX)/bin/palbench $(DESTDIR)$(PREFIX)/share/man/man1/palbench.1 \
	  $(DESTDIR)$(PREFIX)/share/bash-completion/completions/palbench $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_palbench
	rm -rf $(DESTDIR)$(PREFIX)/share/palbench $(DESTDIR)$(PREFIX)/include/palbench

clean: ## what was built
	rm -rf $(BUILD)

# ---- plugins ----

# As the program is built, but: no debug information and no symbol table, so that a changed comment or another folder gives the same
# bytes (the results carry their hash); hidden names, so that a plugin's own functions never meet the program's; few warnings,
# and none that stops. PLUGIN_CFLAGS='-O0 -g' is for a debugger.
PLUGIN_FLAGS    = $(filter-out -I. -g $(WARNINGS),$(CFLAGS)) -Wall -Wextra -fPIC -fvisibility=hidden -shared
PLUGIN_COMPILE  = $(CC) $(PLUGIN_FLAGS) -I$(CURDIR)
PLUGIN_CFLAGS  ?= -s
# The one header that a plugin includes, and what that includes.
PLUGIN_HEADERS  = $(filter %.h,$(shell $(CC) $(CFLAGS) -MM methods/palbench.h))

# What the Makefile of a plugin outside the tree includes: the same command.
define PLUGIN_MK
# Written by palbench's Makefile. How a plugin is built for this palbench: make MINE.so from MINE.c.
PLUGIN_CFLAGS ?= -s
%.so: %.c
	$(PLUGIN_COMPILE) $$(PLUGIN_CFLAGS) -o $$@ $$<
endef

$(BUILD)/plugin.mk: Makefile $(BUILD)/.flags
	$(file >$@,$(PLUGIN_MK))@:

# ---- how files are made ----

$(PROGRAM): $(BUILD)/harness/cli/main.o $(LIBRARY)
	$(CC) -o $@ $< $(EXPORTED) $(LDFLAGS) $(LDLIBS)

$(MANUAL): $(PROGRAM)
	$(PROGRAM) help --man >$@

$(BUILD)/completion.%: $(PROGRAM)
	$(PROGRAM) help --completion $* >$@

$(LIBRARY): $(OBJECTS)
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/%.o: %.c $(BUILD)/.flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/test_%: $(BUILD)/tests/test_%.o $(SUPPORT) $(LIBRARY)
	$(CC) -o $@ $^ $(LDFLAGS) $(LDLIBS) -lcmocka

# Changes when the compiler or a flag does, and then everything is built again. What is missing is told here, before a compiler trips
# over it.
$(BUILD)/.flags: FORCE
	@mkdir -p $(BUILD)
	@echo '$(CC) $(CFLAGS)' | cmp -s - $@ || { $(DEPENDENCIES) check build && echo '$(CC) $(CFLAGS)' > $@; }

$(BUILD)/.testable: $(BUILD)/.flags
	@$(DEPENDENCIES) check test && touch $@
$(TESTS:=.o) $(SUPPORT): | $(BUILD)/.testable

FORCE:
# A file whose command failed half-way is none.
.DELETE_ON_ERROR:
.PHONY: all help reproduce ablate test check report pretrain plugin tests check-asan coverage tidy .sanitized fuzz .fuzz-targets test-faults test-slurm deps test-distributions format format-check \
        install uninstall clean FORCE
# Objects of tests are kept. (Not .SECONDARY: a missing object of the library would then count as up to date.)
.PRECIOUS: $(BUILD)/tests/%.o
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
