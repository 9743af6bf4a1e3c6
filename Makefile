# palbench. `make reproduce` and `make test` set up what they need, build and run; see README.md.
#
#   CC=clang        another compiler            ARCH=x86-64-v3   another instruction set (default: this machine's)
#   ONEDNN=PREFIX   another oneDNN              BUILD=DIR        another build folder
#   ROOMS="..."     build only these folders (for working on one room)

CC      ?= gcc
ifeq ($(origin CC),default)
CC      := gcc
endif
ARCH    ?= native
BUILD   ?= build
ROOMS   ?= harness/base harness/io harness/graph harness/clip datasets methods harness/bench reports harness/cli
PREFIX  ?= /usr/local

PACKAGES := libcjson cairo libpng libjpeg zlib libcrypto libpcre2-8 hdf5
# Debian's pkg-config name of serial HDF5 is hdf5; cmocka is for tests only.

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Werror
# -ffp-contract=off keeps a*b+c the same in every compiler and at every place; no -ffast-math: NaN must stay NaN.
CFLAGS  ?= -O3 -g
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -I. -march=$(ARCH) -fopenmp $(CFLAGS) $(WARNINGS) $(EXTRA_CFLAGS) $(PKG_CFLAGS)
ALL_LDLIBS = $(ONEDNN_LIBS) $(PKG_LIBS) $(LIBUNISTRING) -lm -ldl -fopenmp

PKG_CFLAGS = $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS   = $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)
ifdef ONEDNN
ONEDNN_LIBS = -L$(ONEDNN)/lib -Wl,-rpath,$(abspath $(ONEDNN)/lib) -ldnnl
EXTRA_CFLAGS += -isystem $(ONEDNN)/include
else
ONEDNN_LIBS = -ldnnl
endif

SOURCES := $(foreach room,$(ROOMS),$(wildcard $(room)/*.c))
OBJECTS := $(filter-out $(BUILD)/harness/cli/main.o,$(SOURCES:%.c=$(BUILD)/%.o))
LIBRARY := $(BUILD)/libpalbench.a
PROGRAM := $(BUILD)/palbench
TESTS   := $(patsubst tests/%.c,$(BUILD)/tests/%,$(wildcard tests/test_*.c))
SUPPORT := $(filter-out $(wildcard tests/test_*.c),$(wildcard tests/*.c))
SUPPORT_OBJECTS := $(SUPPORT:%.c=$(BUILD)/%.o)

all: $(PROGRAM)

$(PROGRAM): $(BUILD)/harness/cli/main.o $(LIBRARY)
	$(CC) -o $@ $^ $(LDFLAGS) $(ALL_LDLIBS)

$(LIBRARY): $(OBJECTS)
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/test_%: $(BUILD)/tests/test_%.o $(SUPPORT_OBJECTS) $(LIBRARY)
	$(CC) -o $@ $^ $(LDFLAGS) $(ALL_LDLIBS) -lcmocka

clean:
	rm -rf $(BUILD)

.PHONY: all clean
.SECONDARY:
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
