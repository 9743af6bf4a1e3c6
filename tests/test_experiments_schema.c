/* `palbench validate` and experiments.schema.json say the same of an experiments file: of the cases in tests/cases/experiments.txt, and of
 * the right ones among them with a wrong value put into every place. */
#include "harness/experiments/experiments.h"
#include "harness/experiments/schema.h"
#include "tests/case_file.h"
#include "tests/schema_check.h"

static cJSON *schema;
static CaseFile cases;

/* ---- the two judges ---- */

static bool validate_accepts(const char *text, Error *err)
{
    put_file(scratch("experiments.json"), text, strlen(text));
    Book *book = book_open(scratch("experiments.json"), NULL, err);
    book_free(book);
    return book != NULL;
}

static bool schema_accepts_text(const char *text, Error *err)
{
    cJSON *file = cJSON_Parse(text);
    if (!file) fail_msg("no JSON: %s", text);
    const bool good = schema_accepts(schema, schema, file, err);
    cJSON_Delete(file);
    return good;
}

/* ---- cases ---- */

/* "PATH = VALUE"; objects on the way are made. */
static void change(cJSON *file, const char *line)
{
    const char *equals = strstr(line, " =");
    if (!equals) fail_msg("no change: %s", line);
    char *path = xformat("%.*s", (int)(equals - line), line), *key = path;
    cJSON *object = file;
    for (char *dot; (dot = strchr(key, '.')); key = dot + 1) {
        *dot = 0;
        cJSON *next = cJSON_GetObjectItemCaseSensitive(object, key);
        object = next ? next : cJSON_AddObjectToObject(object, key);
    }
    cJSON_DeleteItemFromObjectCaseSensitive(object, key);
    const char *value = equals + 2 + strspn(equals + 2, " ");
    if (*value) {
        cJSON *item = cJSON_Parse(value);
        if (!item) fail_msg("no JSON: %s", line);
        cJSON_AddItemToObject(object, key, item);
    }
    free(path);
}

/* The file that case i is; caller frees. */
static char *text_of(size_t i)
{
    const Case *c = &cases.cases[i];
    char *text = case_body(c);
    if (*text == '{' || *text == '[') return text;
    free(text);
    size_t base = i;
    while (strcmp(cases.cases[base].verdict, "base") != 0) base--;
    char *whole = case_body(&cases.cases[base]);
    cJSON *file = cJSON_Parse(whole);
    if (!file) fail_msg("the base is no JSON: %s", whole);
    for (size_t k = 0; k < c->body.count; k++) change(file, c->body.items[k]);
    free(whole);
    text = cJSON_Print(file);
    cJSON_Delete(file);
    return text;
}

static void each(const char *verdict, void (*check)(const Case *c, const char *text))
{
    size_t found = 0;
    for (size_t i = 0; i < cases.count; i++) {
        if (strcmp(cases.cases[i].verdict, verdict) != 0) continue;
        char *text = text_of(i);
        check(&cases.cases[i], text);
        free(text);
        found++;
    }
    assert_true(found > 0);
}

static void sentence_holds(const Case *c, const Error *err)
{
    assert_int_equal(err->exit_status, EXIT_USAGE);
    assert_true(c->words.count > 0);
    for (size_t i = 0; i < c->words.count; i++)
        if (!strstr(err->text, c->words.items[i]))
            fail_msg("%s: \"%s\" lacks \"%s\"", c->name, err->text, c->words.items[i]);
}

static void check_accepted(const Case *c, const char *text)
{
    Error err;
    if (!validate_accepts(text, &err)) fail_msg("%s: validate says %s", c->name, err.text);
    if (!schema_accepts_text(text, &err)) fail_msg("%s: the schema says %s", c->name, err.text);
}

static void check_refused(const Case *c, const char *text)
{
    Error err;
    if (validate_accepts(text, &err)) fail_msg("%s: validate accepts it", c->name);
    sentence_holds(c, &err);
    if (schema_accepts_text(text, &err)) fail_msg("%s: the schema accepts it", c->name);
}

static void check_beyond(const Case *c, const char *text)
{
    Error err;
    if (validate_accepts(text, &err)) fail_msg("%s: validate accepts it", c->name);
    sentence_holds(c, &err);
    if (!schema_accepts_text(text, &err)) fail_msg("%s: no longer beyond the schema, which says %s", c->name, err.text);
}

static void right_files_are_accepted_by_both(void **state)
{
    (void)state;
    each("accepts", check_accepted);
}

static void mistakes_are_refused_by_both_and_named_with_their_path(void **state)
{
    (void)state;
    each("refuses", check_refused);
}

static void what_a_schema_cannot_say_validate_does(void **state)
{
    (void)state;
    each("beyond", check_beyond);
}

/* ---- a wrong value in every place ---- */

/* What validate says of mistakes that are beyond the schema: the words of those cases. */
static bool is_beyond(const char *sentence)
{
    for (size_t i = 0; i < cases.count; i++) {
        const Case *c = &cases.cases[i];
        bool all = strcmp(c->verdict, "reason") == 0;
        for (size_t k = 0; k < c->words.count && all; k++) all = strstr(sentence, c->words.items[k]) != NULL;
        if (all) return true;
    }
    return false;
}

static size_t tried, refused;

static void compare(const cJSON *file, const char *where)
{
    Error of_validate, of_schema;
    char *text = cJSON_PrintUnformatted(file);
    const bool valid = validate_accepts(text, &of_validate), fits = schema_accepts_text(text, &of_schema);
    if (valid && !fits) fail_msg("%s: validate accepts, the schema says %s: %s", where, of_schema.text, text);
    if (!valid && fits && !is_beyond(of_validate.text))
        fail_msg("%s: the schema accepts, validate says %s: %s", where, of_validate.text, text);
    tried++, refused += !valid;
    free(text);
}

static const char *const wrong[] = {"null",
                                    "true",
                                    "\"\"",
                                    "\"x\"",
                                    "-1",
                                    "0",
                                    "1",
                                    "0.5",
                                    "1e30",
                                    "[]",
                                    "[\"x\"]",
                                    "{}",
                                    "{\"x\": 1}",
                                    "{\"grid\": [1]}",
                                    "{\"grid\": [\"x\", null]}",
                                    "{\"uniform\": [0.5, 2]}"};

static void mutate(const cJSON *file, cJSON *object, const char *where)
{
    for (cJSON *item = object->child; item; item = item->next) {
        char *place = xformat("%s.%s", where, item->string ? item->string : "[]");
        for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
            cJSON *other = cJSON_Parse(wrong[i]), saved = *item;
            item->type = other->type | (saved.type & (cJSON_IsReference | cJSON_StringIsConst));
            item->child = other->child, item->valuestring = other->valuestring;
            item->valueint = other->valueint, item->valuedouble = other->valuedouble;
            compare(file, place);
            *item = saved;
            cJSON_Delete(other);
        }
        mutate(file, item, place);
        free(place);
    }
}

static void a_wrong_value_anywhere_is_judged_alike(void **state)
{
    (void)state;
    for (size_t i = 0; i < cases.count; i++) {
        if (strcmp(cases.cases[i].verdict, "accepts") != 0) continue;
        char *text = text_of(i);
        cJSON *file = cJSON_Parse(text);
        mutate(file, file, cases.cases[i].name);
        cJSON_Delete(file);
        free(text);
    }
    assert_true(tried > 1000 && refused > tried / 2);
}

/* ---- the files of the tree ---- */

static void the_schema_in_the_tree_is_the_one_of_the_tables(void **state)
{
    (void)state;
    size_t count;
    char *text = get_file("experiments.schema.json", &count);
    cJSON *file = cJSON_Parse(text);
    if (!cJSON_Compare(file, schema, true))
        fail_msg("it is not; write it anew: build/palbench schema >experiments.schema.json");
    cJSON_Delete(file);
    free(text);
}

static void our_own_experiments_fit_their_schema(void **state)
{
    (void)state;
    Error err;
    size_t count;
    char *text = get_file("experiments.json", &count);
    if (!schema_accepts_text(text, &err)) fail_msg("%s", err.text);
    free(text);
}

/* `key` or "key" in one of the pages; a method's options are listed by palbench ls methods. */
static void keys_stand_in(const char *const *pages, const cJSON *node)
{
    for (const cJSON *item = node->child; item; item = item->next) {
        if (item->string && strcmp(item->string, "options") == 0) continue;
        if (item->string && strcmp(item->string, "properties") == 0)
            for (const cJSON *key = item->child; key; key = key->next) {
                char *code = xformat("`%s`", key->string), *json = xformat("\"%s\"", key->string);
                bool found = false;
                for (size_t i = 0; pages[i]; i++) found |= strstr(pages[i], code) || strstr(pages[i], json);
                if (!found) fail_msg("no page names the key %s", key->string);
                free(code), free(json);
            }
        keys_stand_in(pages, item);
    }
}

static void every_key_of_the_schema_stands_in_a_page(void **state)
{
    (void)state;
    static const char *const names[] = {"experiments.md", "datasets/README.md", "datasets/mini/README.md"};
    size_t count;
    char *pages[4] = {NULL};
    for (size_t i = 0; i < 3; i++) pages[i] = get_file(names[i], &count);
    keys_stand_in((const char *const *)pages, schema);
    for (size_t i = 0; i < 3; i++) free(pages[i]);
}

static int set_up(void **state)
{
    schema = experiments_schema();
    cases = case_file_read("tests/cases/experiments.txt");
    return scratch_make(state);
}

static int tear_down(void **state)
{
    cJSON_Delete(schema);
    case_file_free(&cases);
    return scratch_remove(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_files_are_accepted_by_both),
        cmocka_unit_test(mistakes_are_refused_by_both_and_named_with_their_path),
        cmocka_unit_test(what_a_schema_cannot_say_validate_does),
        cmocka_unit_test(a_wrong_value_anywhere_is_judged_alike),
        cmocka_unit_test(the_schema_in_the_tree_is_the_one_of_the_tables),
        cmocka_unit_test(our_own_experiments_fit_their_schema),
        cmocka_unit_test(every_key_of_the_schema_stands_in_a_page),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
