# palbench. `make reproduce` and `make test` set up what they need, build and run; see README.md.
#
#   CC=clang        another compiler             ARCH=x86-64-v3   another instruction set (default: this machine's)
#   ONEDNN=PREFIX   another oneDNN               BUILD=DIR        another build folder
#   DATA=DIR        where the data sets lie      THREADS=N        threads (default: all cores)
#   ROOMS="..."     build only these folders (for working on one room)

ifeq ($(origin CC),default)
CC := gcc
endif
ARCH   ?= native
BUILD  ?= build
PREFIX ?= /usr/local
ROOMS  ?= harness/base harness/io harness/graph harness/clip harness/diffusion datasets methods harness/bench harness/pretrain reports harness/cli

# What a bare Debian 12 lacks: to build, to draw figures, to test, to check the format.
DEBIAN := gcc make pkg-config libdnnl-dev libhdf5-dev libcjson-dev libjpeg-dev libpng-dev zlib1g-dev libcairo2-dev \
          libssl-dev libunistring-dev gnuplot-nox libcmocka-dev clang-format

PACKAGES   := libcjson cairo libpng libjpeg zlib libcrypto hdf5
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS   := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)
ifdef ONEDNN
ONEDNN_CFLAGS := -isystem $(ONEDNN)/include
ONEDNN_LIBS   := -L$(ONEDNN)/lib -Wl,-rpath,$(abspath $(ONEDNN)/lib) -ldnnl
else
ONEDNN_LIBS   := -ldnnl
endif

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Werror
# No -ffast-math: a NaN must stay a NaN. -ffp-contract=off: clang, like gcc, computes a * b + c in two roundings, so that both draw
# the same pictures.
CFLAGS   ?= -O3 -g
override CFLAGS := -std=c11 -D_GNU_SOURCE -I. -march=$(ARCH) -fopenmp -ffp-contract=off -fno-math-errno $(CFLAGS) $(WARNINGS) $(ONEDNN_CFLAGS) $(PKG_CFLAGS)
LDLIBS   := $(ONEDNN_LIBS) $(PKG_LIBS) -lunistring -lm -fopenmp

SOURCES := $(foreach room,$(ROOMS),$(wildcard $(room)/*.c))
OBJECTS := $(filter-out $(BUILD)/harness/cli/main.o,$(SOURCES:%.c=$(BUILD)/%.o))
LIBRARY := $(BUILD)/libpalbench.a
PROGRAM := $(BUILD)/palbench
TESTS   := $(patsubst tests/%.c,$(BUILD)/tests/%,$(sort $(wildcard tests/test_*.c)))
SUPPORT := $(patsubst %.c,$(BUILD)/%.o,$(filter-out $(wildcard tests/test_*.c),$(wildcard tests/*.c)))
JOBS    := -j$(shell nproc 2>/dev/null || echo 1)
FORMATTED = $(shell git ls-files '*.c' '*.h' 2>/dev/null || find $(ROOMS) tests -name '*.[ch]')

all: $(PROGRAM)

# ---- the two commands ----

# deps first, then a fresh make, so that what was just installed is seen.
reproduce: deps
	@$(MAKE) --no-print-directory -s $(JOBS) all
	@$(PROGRAM) reproduce $(RUN_FLAGS)

test: deps
	@$(MAKE) --no-print-directory -s $(JOBS) all tests
	@PALBENCH=$(PROGRAM) tests/run_tests.sh $(TESTS) $(sort $(wildcard tests/test_*.sh))

# ---- the others ----

# Every suite whose name begins with "ablate"; what is stored is not made again.
ablate: deps
	@$(MAKE) --no-print-directory -s $(JOBS) all
	@$(PROGRAM) reproduce --suite 'ablate*' $(RUN_FLAGS)

report: deps
	@$(MAKE) --no-print-directory -s $(JOBS) all
	@$(PROGRAM) report $(RUN_FLAGS)

pretrain: deps
	@$(MAKE) --no-print-directory -s $(JOBS) all
	@$(PROGRAM) pretrain clip --resume $(RUN_FLAGS)
	@$(PROGRAM) pretrain diffusion --resume $(RUN_FLAGS)

tests: $(TESTS)

# The unit tests again, under the address and undefined-behaviour sanitizers.
check-asan: deps
	@$(MAKE) --no-print-directory -s $(JOBS) BUILD=$(BUILD)/asan ARCH=$(ARCH) LDFLAGS="-fsanitize=address,undefined" \
	  CFLAGS="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -Wno-format-truncation" all tests
	@ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 LSAN_OPTIONS=suppressions=tests/lsan.supp:print_suppressions=0 \
	  PALBENCH=$(BUILD)/asan/palbench tests/run_tests.sh $(TESTS:$(BUILD)/%=$(BUILD)/asan/%)

deps:
	@sh harness/deps.sh $(DEBIAN)

format:
	@clang-format -i $(FORMATTED)

format-check: deps
	@clang-format --dry-run -Werror $(FORMATTED) && echo "format: good"

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/palbench/results
	install -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/palbench
	install -m 644 experiments.json $(DESTDIR)$(PREFIX)/share/palbench/
	cp -R results/pretrained $(DESTDIR)$(PREFIX)/share/palbench/results/

clean:
	rm -rf $(BUILD)

# ---- how files are made ----

$(PROGRAM): $(BUILD)/harness/cli/main.o $(LIBRARY)
	$(CC) -o $@ $^ $(LDFLAGS) $(LDLIBS)

$(LIBRARY): $(OBJECTS)
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/%.o: %.c $(BUILD)/.flags
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/test_%: $(BUILD)/tests/test_%.o $(SUPPORT) $(LIBRARY)
	$(CC) -o $@ $^ $(LDFLAGS) $(LDLIBS) -lcmocka

# Changes when the compiler or a flag does, and then everything is built again.
$(BUILD)/.flags: FORCE
	@mkdir -p $(BUILD)
	@echo '$(CC) $(CFLAGS)' | cmp -s - $@ || echo '$(CC) $(CFLAGS)' > $@

FORCE:
.PHONY: all reproduce ablate test report pretrain tests check-asan deps format format-check install clean FORCE
# Objects of tests are kept. (Not .SECONDARY: a missing object of the library would then count as up to date.)
.PRECIOUS: $(BUILD)/tests/%.o
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
