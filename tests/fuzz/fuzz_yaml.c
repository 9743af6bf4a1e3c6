/* YAML of checkpoints' folders. */
#include "harness/io/yaml.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count)
{
    Error err;
    YamlFile *file = yaml_file_open(fuzz_put("model.yaml", bytes, count), &err);
    if (file) yaml_file_value(file, "model.params.parameterization"), yaml_file_value(file, "a.0.b");
    yaml_file_close(file);
    return 0;
}
