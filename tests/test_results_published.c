/* Published numbers: the file that is kept, and who stands beside whom. */
#include "harness/results/published_numbers.h"
#include "reports/published_table.h"
#include "reports/section.h"

#include "harness/base/memory.h"
#include "methods/shared/method.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char folder[] = "results/published";
static char class_name[] = "cat";
static char *class_names[] = {class_name};
static double ap[] = {50};

/* Zero-shot CLIP on COCO as ML-TTA's code prepares it, but for what a test changes. */
static StoredResult measured(const char *options)
{
    return (StoredResult){.experiment = "x",
                          .method = "zsclip",
                          .dataset = "my-coco",
                          .model = "mine",
                          .protocol = "p",
                          .setting = "zero-shot",
                          .seed = 1,
                          .map = 47.93,
                          .file = "x.h5",
                          .classes = 1,
                          .images = 40137,
                          .class_names = class_names,
                          .ap = ap,
                          .options = (char *)options,
                          .as_run = "{\"split\":\"test\",\"difficult\":\"negative\",\"size\":224,\"resize\":\"crop\","
                                    "\"pool_position\":\"global\",\"test_set\":\"labelled\",\"epoch\":\"last\"}",
                          .kind = "coco2014",
                          .clip = "RN50"};
}

/* How many numbers are the same; the reasons of those that differ come into `why`. */
static size_t same(const StoredResult *r, Text *why)
{
    PublishedNumbers numbers;
    Error err;
    size_t count = 0;
    if (!published_open(&numbers, folder, &err)) fail_msg("%s", err.text);
    for (size_t i = 0; i < numbers.count; i++) {
        Text one = {0};
        const PublishedFit fit = published_fit(&numbers.items[i], r, &one);
        count += fit == PUBLISHED_SAME;
        if (fit == PUBLISHED_DIFFERS) text_addf(why, "%s: %s\n", numbers.items[i].label, one.data);
        text_free(&one);
    }
    published_close(&numbers);
    return count;
}

static void numbers_that_are_kept_make_sense(void **state)
{
    (void)state;
    PublishedNumbers numbers;
    Error err;
    if (!published_open(&numbers, folder, &err)) fail_msg("%s", err.text);
    assert_true(numbers.count > 60);
    for (size_t i = 0; i < numbers.count; i++) {
        const PublishedNumber *n = &numbers.items[i];
        assert_true(n->map > 20 && n->map < 100);
        assert_non_null(n->protocol);
        assert_true(!n->method || method_find(n->method));
    }
    published_close(&numbers);
}

static void same_protocol_stands_beside(void **state)
{
    (void)state;
    Text why = {0};
    StoredResult r = measured("{}");
    assert_int_equal(same(&r, &why), 1);
    text_free(&why);
}

/* Each of these alone keeps the number away. */
static void one_difference_is_enough(void **state)
{
    (void)state;
    Text why = {0};
    StoredResult r = measured("{}");
    r.clip = "ViT-B-16"; /* another number, of this backbone, is the same */
    assert_int_equal(same(&r, &why), 1);
    r.clip = NULL;
    assert_int_equal(same(&r, &why), 0);
    assert_null(why.data);
    r = measured("{\"frame\":\"{}\"}"); /* another sentence is another variant */
    assert_int_equal(same(&r, &why), 0);
    assert_null(why.data);
    r = measured("{}"), r.limit = 20;
    assert_int_equal(same(&r, &why), 0);
    assert_non_null(strstr(why.data, "rehearsal"));
    text_free(&why);
    r = measured("{}"), r.images = 40504;
    assert_int_equal(same(&r, &why), 0);
    assert_non_null(strstr(why.data, "40137 test images there, 40504 here"));
    text_free(&why);
    r = measured("{}"), r.as_run = NULL;
    assert_int_equal(same(&r, &why), 0);
    assert_non_null(strstr(why.data, "size 224 there, not known here"));
    text_free(&why);
    r = measured("{}");
    r.as_run =
        "{\"split\":\"test\",\"size\":448,\"resize\":\"stretch\",\"pool_position\":\"global\",\"epoch\":\"last\"}";
    assert_int_equal(same(&r, &why), 0);
    assert_non_null(strstr(why.data, "size 224 there, 448 here"));
    assert_non_null(strstr(why.data, "test_set labelled there, official here"));
    text_free(&why);
}

/* The authors take the epoch that is best on test images; ours is the last: the same method, never the same protocol. */
static void epoch_chosen_on_test_images_is_another_protocol(void **state)
{
    (void)state;
    Text why = {0};
    StoredResult r = measured("{\"lr\":0.0001,\"epochs\":20}");
    r.method = "tai_dpt", r.kind = "voc2007", r.images = 4952;
    r.as_run =
        "{\"split\":\"test\",\"difficult\":\"negative\",\"size\":224,\"resize\":\"crop\",\"pool_position\":\"off\","
        "\"epoch\":\"last\"}";
    assert_int_equal(same(&r, &why), 0);
    assert_non_null(strstr(why.data, "TaI-DPT: epoch best-on-test there, last here\n"));
    assert_non_null(strstr(why.data, "epoch not stated\n"));
    text_free(&why);
    r.options = "{\"lr\":0.001}"; /* NUS-WIDE's learning rate on VOC: a variant of our own */
    assert_int_equal(same(&r, &why), 0);
    assert_null(why.data);
}

/* VOC's difficult objects are not said; on COCO there are none, so that nothing is missing there. */
static void what_a_source_does_not_say_is_never_the_same(void **state)
{
    (void)state;
    Text why = {0};
    StoredResult r = measured("{}");
    r.kind = "voc2007", r.images = 4952;
    assert_int_equal(same(&r, &why), 0);
    assert_non_null(strstr(why.data, "CLIP: difficult not stated\n"));
    text_free(&why);
}

static void report_never_sets_numbers_of_other_protocols_beside_ours(void **state)
{
    (void)state;
    StoredResult items[3] = {measured("{}"), measured("{}"), measured("{}")};
    items[1].experiment = "y", items[1].method = "t2i_pal", items[1].options = "{}";
    items[2].experiment = "z", items[2].method = "sparc", items[2].options = "{}";
    const ResultList list = {.items = items, .count = 3};
    const char *const names[] = {"x", "y", "z", NULL}, *const labels[] = {"CLIP <1>", "T2I-PAL", "SPARC", NULL};
    char *plain = report_published_text(&list, names, labels, folder);
    assert_non_null(strstr(plain, "47.9       47.5        +0.4  PuRF\n"));
    assert_non_null(strstr(plain, "-           -  re-implemented from the abstract: no published number beside it\n"));
    assert_non_null(strstr(plain, "-           -  none known under this protocol\n"));
    assert_null(report_published_text(&list, names, labels, NULL));
    free(plain);
    Summary summary;
    Section out = {0};
    Error err;
    summary_make(&summary, &list, names, labels);
    const ReportOptions options = {.published = folder};
    const SectionInput in = {.options = &options, .summary = &summary};
    if (!section_published(&in, &out, &err)) fail_msg("%s", err.text);
    assert_non_null(strstr(out.html.data, "<td>CLIP &lt;1&gt;</td>"));
    char *others = strstr(out.markdown.data, "differs in");
    assert_non_null(others);
    assert_non_null(strstr(others, "| TaI-DPT |"));  /* of other protocols, and below */
    assert_null(strstr(others, "47.9"));             /* where ours never stands */
    assert_null(strstr(out.markdown.data, "41.53")); /* nor another data set's */
    *others = 0;
    assert_null(strstr(out.markdown.data, "TaI-DPT"));
    section_free(&out);
    summary_free(&summary);
}

static void nothing_is_shown_of_a_data_set_without_numbers(void **state)
{
    (void)state;
    StoredResult item = measured("{}");
    item.kind = "mini";
    const ResultList list = {.items = &item, .count = 1};
    const char *const names[] = {"x", NULL};
    assert_null(report_published_text(&list, names, names, folder));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_that_are_kept_make_sense),
        cmocka_unit_test(same_protocol_stands_beside),
        cmocka_unit_test(one_difference_is_enough),
        cmocka_unit_test(epoch_chosen_on_test_images_is_another_protocol),
        cmocka_unit_test(what_a_source_does_not_say_is_never_the_same),
        cmocka_unit_test(report_never_sets_numbers_of_other_protocols_beside_ours),
        cmocka_unit_test(nothing_is_shown_of_a_data_set_without_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
