/* What `palbench --version` prints. What the compiler was told stands in its macros; what the machine can do, gcc's and clang's
 * __builtin_cpu_supports knows, which takes literals only: hence the list that is walked by macros. */
#include "harness/cli/version_print.h"

#include "harness/base/text.h"
#include "harness/base/version.h"
#include "harness/graph/onednn.h"
#include "harness/io/artifact.h"

#include <stdio.h>
#include <stdlib.h>

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

#ifdef __x86_64__

static const char compiled_for[] = "x86-64"
#ifdef __SSE4_2__
                                   " sse4.2"
#endif
#ifdef __AVX__
                                   " avx"
#endif
#ifdef __AVX2__
                                   " avx2"
#endif
#ifdef __FMA__
                                   " fma"
#endif
#ifdef __AVX512F__
                                   " avx512f"
#endif
#ifdef __AVX512BW__
                                   " avx512bw"
#endif
#ifdef __AVX512VNNI__
                                   " avx512vnni"
#endif
#ifdef __AVX512BF16__
                                   " avx512bf16"
#endif
    ;

static char *machine_has(void)
{
    Text text = {0};
    text_add(&text, "x86-64");
    __builtin_cpu_init();
#define ASK(set)                                                                                                       \
    if (__builtin_cpu_supports(set)) text_add(&text, " " set);
    ASK("sse4.2") ASK("avx") ASK("avx2") ASK("fma") ASK("avx512f") ASK("avx512bw") ASK("avx512vnni") ASK("avx512bf16");
    return text.data;
}

#else

static const char compiled_for[] = "another machine than x86-64";

static char *machine_has(void)
{
    return xstrdup(compiled_for);
}

#endif

void print_version(void)
{
    char *machine = machine_has(), *hdf5 = artifact_library();
    printf("palbench %s\n"
           "oneDNN %s, uses %s\n"
           "%s\n"
           "compiled with %s\n"
           "compiled for %s\n"
           "this machine: %s\n",
           PALBENCH_VERSION, onednn_version(), onednn_instructions(), hdf5, COMPILER, compiled_for, machine);
    free(machine);
    free(hdf5);
}
