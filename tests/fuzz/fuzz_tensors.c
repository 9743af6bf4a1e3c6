/* Checkpoint files: safetensors and archives of torch, told by their content. */
#include "harness/io/tensor_file.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    Error err;
    TensorFile *file = tensor_file_open(fuzz_put("weights", bytes, count), &err);
    const TensorView *w;
    for (size_t i = 0; file && (w = tensor_file_at(file, i)); i++) {
        if (w->count > 1 << 16) continue;
        float *values = xcalloc(w->count + 1, sizeof *values);
        if (tensor_to_float(w, values, &err) && tensor_file_find(file, w->name) != w)
            abort(); /* a name leads to its tensor */
        free(values);
    }
    if (file) tensor_file_variant(file), tensor_file_metadata(file, "format");
    tensor_file_close(file);
    return 0;
}
