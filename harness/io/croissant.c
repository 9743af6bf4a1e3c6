/* The context is the standard's own, to the letter; the rest is one object of the list, one set of the files, and one
 * record set whose fields are columns of the list. */
#include "harness/io/croissant.h"

#include "harness/base/hash.h"
#include "harness/base/memory.h"
#include "harness/base/text.h"
#include "harness/io/json.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const context =
    "{\"@language\": \"en\", \"@vocab\": \"https://schema.org/\", \"citeAs\": \"cr:citeAs\", \"column\": "
    "\"cr:column\", "
    "\"conformsTo\": \"dct:conformsTo\", \"cr\": \"http://mlcommons.org/croissant/\", "
    "\"rai\": \"http://mlcommons.org/croissant/RAI/\", \"data\": {\"@id\": \"cr:data\", \"@type\": \"@json\"}, "
    "\"dataType\": {\"@id\": \"cr:dataType\", \"@type\": \"@vocab\"}, \"dct\": \"http://purl.org/dc/terms/\", "
    "\"examples\": {\"@id\": \"cr:examples\", \"@type\": \"@json\"}, \"extract\": \"cr:extract\", \"field\": "
    "\"cr:field\", "
    "\"fileProperty\": \"cr:fileProperty\", \"fileObject\": \"cr:fileObject\", \"fileSet\": \"cr:fileSet\", "
    "\"format\": \"cr:format\", \"includes\": \"cr:includes\", \"isLiveDataset\": \"cr:isLiveDataset\", "
    "\"jsonPath\": \"cr:jsonPath\", \"key\": \"cr:key\", \"md5\": \"cr:md5\", \"parentField\": \"cr:parentField\", "
    "\"path\": \"cr:path\", \"recordSet\": \"cr:recordSet\", \"references\": \"cr:references\", \"regex\": "
    "\"cr:regex\", "
    "\"repeated\": \"cr:repeated\", \"replace\": \"cr:replace\", \"samplingRate\": \"cr:samplingRate\", "
    "\"sc\": \"https://schema.org/\", \"separator\": \"cr:separator\", \"source\": \"cr:source\", "
    "\"subField\": \"cr:subField\", \"transform\": \"cr:transform\"}";

static cJSON *object_of(const char *type, const char *id)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "@type", type);
    if (id) cJSON_AddStringToObject(object, "@id", id);
    if (id) cJSON_AddStringToObject(object, "name", id);
    return object;
}

static void refer(cJSON *object, const char *key, const char *id)
{
    cJSON *reference = cJSON_AddObjectToObject(object, key);
    cJSON_AddStringToObject(reference, "@id", id);
}

static void add_distribution(cJSON *root, const CroissantFolder *what, const char *digest, double bytes)
{
    cJSON *list = cJSON_AddArrayToObject(root, "distribution");
    cJSON *lines = object_of("cr:FileObject", what->list), *files = object_of("cr:FileSet", "files");
    char *size = xformat("%.0f B", bytes);
    cJSON_AddStringToObject(lines, "contentUrl", what->list);
    cJSON_AddStringToObject(lines, "contentSize", size);
    cJSON_AddStringToObject(lines, "encodingFormat", "application/jsonlines");
    cJSON_AddStringToObject(lines, "sha256", digest);
    cJSON_AddStringToObject(files, "encodingFormat", what->media);
    cJSON_AddStringToObject(files, "includes", what->files);
    cJSON_AddItemToArray(list, lines);
    cJSON_AddItemToArray(list, files);
    free(size);
}

static void add_records(cJSON *root, const CroissantFolder *what)
{
    cJSON *sets = cJSON_AddArrayToObject(root, "recordSet"), *set = object_of("cr:RecordSet", "records");
    cJSON *fields = cJSON_AddArrayToObject(set, "field");
    for (const CroissantField *f = what->fields; f->name; f++) {
        char *id = xformat("records/%s", f->name);
        cJSON *field = object_of("cr:Field", id);
        cJSON_AddStringToObject(field, "description", f->description);
        cJSON_AddStringToObject(field, "dataType", f->type);
        if (f->repeated) cJSON_AddBoolToObject(field, "repeated", true);
        cJSON *source = cJSON_AddObjectToObject(field, "source");
        refer(source, "fileObject", what->list);
        cJSON *extract = cJSON_AddObjectToObject(source, "extract");
        cJSON_AddStringToObject(extract, "column", f->name);
        cJSON_AddItemToArray(fields, field);
        free(id);
    }
    cJSON_AddItemToArray(sets, set);
}

bool croissant_write(const char *folder, const CroissantFolder *what, Error *err)
{
    char digest[65], *list = path_join(folder, what->list), *path = path_join(folder, "croissant.json");
    struct stat facts;
    bool good = hash_file(list, digest, err);
    good = good && (stat(list, &facts) == 0 || fail(err, "%s: it is gone again", list));
    if (good) {
        cJSON *root = cJSON_CreateObject();
        cJSON_AddItemToObject(root, "@context", cJSON_Parse(context));
        cJSON_AddStringToObject(root, "@type", "sc:Dataset");
        cJSON_AddStringToObject(root, "name", what->name);
        cJSON_AddStringToObject(root, "description", what->description);
        cJSON_AddStringToObject(root, "conformsTo", "http://mlcommons.org/croissant/1.0");
        add_distribution(root, what, digest, (double)facts.st_size);
        add_records(root, what);
        char *text = json_spread(root);
        good = write_file(path, text, strlen(text), err);
        free(text);
        cJSON_Delete(root);
    }
    free(list), free(path);
    return good;
}
