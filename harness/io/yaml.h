/* YAML files, as far as their scalars go: the settings that training programs leave beside a checkpoint.
 *
 *     YamlFile *file = yaml_file_open("v2-inference-v.yaml", err);
 *     const char *value = yaml_file_value(file, "model.params.parameterization");     // "v", or NULL
 *
 * libyaml parses; aliases, which could make a small file endless, are refused. */
#pragma once

#include "harness/base/error.h"

typedef struct YamlFile YamlFile;

/* NULL on: an unreadable file, more than a megabyte, malformed YAML, an alias, nesting of more than 32. */
YamlFile *yaml_file_open(const char *path, Error *err);
void yaml_file_close(YamlFile *file);

/* The scalar under keys joined by dots (items of lists have their number); NULL when there is none. */
const char *yaml_file_value(const YamlFile *file, const char *path);
