/* The stack machine of pickles. Opcodes are those that protocols 2 to 5 and PyTorch's own writer (torch/csrc/jit/serialization/
 * pickler.cpp) use for tensors and containers; a call is looked up in pickle_calls.c. Every opcode makes at most one value, so the
 * length of the pickle bounds the work. */
#include "harness/io/pickle_internal.h"

#include <stdlib.h>
#include <string.h>

bool pickle_fail(const Pickle *p, const char *sentence)
{
    return fail(p->err, "%s: byte %zu of %zu: %s", p->where, p->at, p->length, sentence);
}

static bool truncated(const Pickle *p)
{
    return pickle_fail(p, "the pickle ends too early; the file is truncated or damaged, fetch it again");
}

/* ---- bytes ---- */

/* The next bytes; NULL with a sentence when there are fewer. */
static const uint8_t *take(Pickle *p, uint64_t count)
{
    if (count > p->length - p->at) {
        truncated(p);
        return NULL;
    }
    const uint8_t *bytes = p->bytes + p->at;
    p->at += count;
    return bytes;
}

static bool take_number(Pickle *p, size_t width, uint64_t *number)
{
    const uint8_t *bytes = take(p, width);
    if (!bytes) return false;
    *number = 0;
    for (size_t i = 0; i < width; i++) *number |= (uint64_t)bytes[i] << (8 * i);
    return true;
}

/* A text of `length` bytes, terminated. */
static char *take_text(Pickle *p, uint64_t length)
{
    const uint8_t *bytes = take(p, length);
    if (!bytes) return NULL;
    char *text = arena_alloc(p->arena, length + 1);
    memcpy(text, bytes, length);
    return text;
}

static char *take_line(Pickle *p)
{
    const uint8_t *end = memchr(p->bytes + p->at, '\n', p->length - p->at);
    if (!end) {
        truncated(p);
        return NULL;
    }
    char *text = take_text(p, (uint64_t)(end - (p->bytes + p->at)));
    p->at++;
    return text;
}

/* ---- opcodes that make a value ---- */

static bool push_integer(Pickle *p, PickleType type, int64_t number)
{
    PickleValue *value = pickle_new(p, type);
    if (value) value->integer = number;
    return pickle_push(p, value);
}

/* numpy's numbers travel as texts with zero bytes. Such a text could hide from a comparison what follows the zero, so it is none of
 * ours: an object that nobody looks into. */
static bool push_text(Pickle *p, size_t width)
{
    uint64_t length;
    if (!take_number(p, width, &length)) return false;
    char *text = take_text(p, length);
    PickleValue *value = text ? pickle_new(p, PICKLE_TEXT) : NULL;
    if (!value) return false;
    value->text = text;
    if (strlen(text) != length) *value = (PickleValue){.type = PICKLE_OBJECT, .object.class = "bytes"};
    return pickle_push(p, value);
}

/* bytes: nothing here looks into them, so what they hold may be anything. */
static bool push_bytes(Pickle *p, size_t width)
{
    uint64_t length;
    if (!take_number(p, width, &length) || !take(p, length)) return false;
    PickleValue *value = pickle_new(p, PICKLE_OBJECT);
    if (value) value->object.class = "bytes";
    return pickle_push(p, value);
}

/* LONG1, LONG4: little-endian two's complement of any length; more than 64 bits becomes a number that nothing accepts. */
static bool push_long(Pickle *p, size_t width)
{
    uint64_t length, number = 0;
    const uint8_t *bytes = take_number(p, width, &length) ? take(p, length) : NULL;
    if (!bytes) return false;
    for (size_t i = 0; i < length && i < 8; i++) number |= (uint64_t)bytes[i] << (8 * i);
    if (length && length < 8 && bytes[length - 1] & 0x80) number |= ~(uint64_t)0 << (8 * length);
    if (length > 8) return push_integer(p, PICKLE_INT, INT64_MIN);
    return push_integer(p, PICKLE_INT, (int64_t)number);
}

static bool push_float(Pickle *p)
{
    const uint8_t *bytes = take(p, 8);
    uint64_t bits = 0;
    if (!bytes) return false;
    for (size_t i = 0; i < 8; i++) bits = bits << 8 | bytes[i]; /* big-endian, alone of all */
    PickleValue *value = pickle_new(p, PICKLE_FLOAT);
    if (value) memcpy(&value->number, &bits, sizeof bits);
    return pickle_push(p, value);
}

static bool push_tuple(Pickle *p, size_t first, size_t count)
{
    PickleValue *tuple = pickle_new(p, PICKLE_TUPLE);
    for (size_t i = 0; tuple && i < count; i++) pickle_append(p, tuple, p->stack[first + i]);
    p->height = first;
    return pickle_push(p, tuple);
}

static bool tuple_of(Pickle *p, size_t count)
{
    const size_t floor = p->mark_count ? p->marks[p->mark_count - 1] : 0;
    if (p->height - floor < count) return pickle_pop(p) && tuple_of(p, count); /* ends in pop's sentence */
    return push_tuple(p, p->height - count, count);
}

static bool marked_tuple(Pickle *p)
{
    size_t first, count;
    return pickle_pop_mark(p, &first, &count) && push_tuple(p, first, count);
}

/* A name: looked up at once, so that a pickle that names what is not allowed is refused even if it never calls it. */
static bool push_global(Pickle *p, const char *module, const char *name)
{
    if (!module || !name) return false;
    if (!pickle_name_allowed(module, name))
        return fail(
            p->err,
            "%s: byte %zu: it asks for \"%.80s.%.80s\", which no tensor needs; such a file could run code, so it is "
            "not opened; save the weights alone, as safetensors or with torch.save(model.state_dict(), FILE)",
            p->where, p->at, module, name);
    PickleValue *value = pickle_new(p, PICKLE_GLOBAL);
    if (value) value->text = arena_format(p->arena, "%s.%s", module, name);
    return pickle_push(p, value);
}

static bool line_global(Pickle *p)
{
    const char *module = take_line(p), *name = module ? take_line(p) : NULL;
    return push_global(p, module, name);
}

static bool stack_global(Pickle *p)
{
    const PickleValue *name = pickle_pop(p), *module = name ? pickle_pop(p) : NULL;
    if (!module) return false;
    if (name->type != PICKLE_TEXT || module->type != PICKLE_TEXT)
        return pickle_fail(p, "a name that is no text; damaged");
    return push_global(p, module->text, name->text);
}

/* ---- opcodes that change one ---- */

static bool append(Pickle *p, PickleValue *list, size_t first, size_t count)
{
    if (!list) return false;
    if (list->type != PICKLE_LIST) return pickle_fail(p, "something is appended to what is no list; damaged");
    for (size_t i = 0; i < count; i++) pickle_append(p, list, p->stack[first + i]);
    return true;
}

static bool append_one(Pickle *p)
{
    PickleValue *item = pickle_pop(p), *list = item ? pickle_top(p) : NULL;
    return append(p, list, p->height, 1);
}

static bool append_marked(Pickle *p)
{
    size_t first, count;
    return pickle_pop_mark(p, &first, &count) && append(p, pickle_top(p), first, count);
}

static bool set(Pickle *p, PickleValue *dict, size_t first, size_t count)
{
    if (!dict) return false;
    if (dict->type == PICKLE_OBJECT) return true; /* of an inert class: nobody looks */
    if (dict->type != PICKLE_DICT || count % 2)
        return pickle_fail(p, "an entry is set in what is no dictionary; damaged");
    for (size_t i = 0; i < count; i++) pickle_append(p, dict, p->stack[first + i]);
    return true;
}

static bool set_one(Pickle *p)
{
    const PickleValue *value = pickle_pop(p), *key = value ? pickle_pop(p) : NULL;
    PickleValue *dict = key ? pickle_top(p) : NULL;
    return set(p, dict, p->height, 2);
}

static bool set_marked(Pickle *p)
{
    size_t first, count;
    return pickle_pop_mark(p, &first, &count) && set(p, pickle_top(p), first, count);
}

static bool push_dict_marked(Pickle *p)
{
    size_t first, count;
    if (!pickle_pop_mark(p, &first, &count)) return false;
    PickleValue *dict = pickle_new(p, PICKLE_DICT);
    return dict && set(p, dict, first, count) && pickle_push(p, dict);
}

static bool push_list_marked(Pickle *p)
{
    size_t first, count;
    if (!pickle_pop_mark(p, &first, &count)) return false;
    PickleValue *list = pickle_new(p, PICKLE_LIST);
    return list && append(p, list, first, count) && pickle_push(p, list);
}

/* The state of an instance: its attributes, of a TorchScript class; the rest of an OrderedDict (_metadata) is not needed. */
static bool build(Pickle *p)
{
    PickleValue *state = pickle_pop(p), *object = state ? pickle_top(p) : NULL;
    if (!object) return false;
    if (object->type == PICKLE_OBJECT && state->type == PICKLE_DICT) object->object.attributes = state;
    return true;
}

static bool reduce(Pickle *p)
{
    PickleValue *arguments = pickle_pop(p), *callable = arguments ? pickle_pop(p) : NULL;
    return callable && pickle_push(p, pickle_call(p, callable, arguments));
}

static bool persistent(Pickle *p)
{
    const PickleValue *id = pickle_pop(p);
    return id && pickle_push(p, pickle_storage(p, id));
}

static bool put_at(Pickle *p, size_t width)
{
    uint64_t place;
    return take_number(p, width, &place) && pickle_put(p, place);
}

static bool get_at(Pickle *p, size_t width)
{
    uint64_t place;
    if (!take_number(p, width, &place)) return false;
    if (place >= p->memo_capacity || !p->memo[place]) return pickle_fail(p, "the memo has no such entry; damaged");
    return pickle_push(p, p->memo[place]);
}

/* ---- the machine ---- */

static bool proto(Pickle *p)
{
    uint64_t version;
    if (!take_number(p, 1, &version)) return false;
    return version <= 5 || pickle_fail(p, "a pickle protocol newer than 5; save it with an older one");
}

static bool skip(Pickle *p, size_t count)
{
    return take(p, count) != NULL;
}

static bool small_integer(Pickle *p, size_t width)
{
    uint64_t number;
    return take_number(p, width, &number) &&
           push_integer(p, PICKLE_INT, width == 4 ? (int64_t)(int32_t)(uint32_t)number : (int64_t)number);
}

static bool pop_to_mark(Pickle *p)
{
    size_t first, count;
    return pickle_pop_mark(p, &first, &count);
}

static bool unknown(Pickle *p, uint8_t opcode)
{
    return fail(p->err, "%s: byte %zu: the pickle opcode 0x%02x (%c) is none that tensors need; not opened", p->where,
                p->at - 1, opcode, opcode >= ' ' && opcode < 127 ? opcode : '?');
}

static bool mark(Pickle *p)
{
    return pickle_push_mark(p);
}

static bool none(Pickle *p)
{
    return pickle_push(p, pickle_new(p, PICKLE_NONE));
}

static bool truth(Pickle *p, size_t value)
{
    return push_integer(p, PICKLE_BOOL, (int64_t)value);
}

static bool drop(Pickle *p)
{
    return pickle_pop(p) != NULL;
}

static bool duplicate(Pickle *p)
{
    return pickle_push(p, pickle_top(p));
}

static bool empty_tuple(Pickle *p)
{
    return push_tuple(p, p->height, 0);
}

static bool empty(Pickle *p, size_t type)
{
    return pickle_push(p, pickle_new(p, (PickleType)type));
}

static bool memoize(Pickle *p)
{
    return pickle_put(p, p->memo_count);
}

/* The opcodes (names in Lib/pickletools.py): one function, with a number where several differ by it, a width in bytes mostly. */
static const struct {
    bool (*plain)(Pickle *p);
    bool (*sized)(Pickle *p, size_t number);
    size_t number;
} opcodes[256] = {
    [0x80] = {.plain = proto},
    [0x95] = {.sized = skip, .number = 8}, /* FRAME */
    ['('] = {.plain = mark},
    ['0'] = {.plain = drop},
    ['1'] = {.plain = pop_to_mark},
    ['2'] = {.plain = duplicate},
    ['N'] = {.plain = none},
    [0x88] = {.sized = truth, .number = 1},
    [0x89] = {.sized = truth, .number = 0},
    ['J'] = {.sized = small_integer, .number = 4},
    ['K'] = {.sized = small_integer, .number = 1},
    ['M'] = {.sized = small_integer, .number = 2},
    [0x8a] = {.sized = push_long, .number = 1},
    [0x8b] = {.sized = push_long, .number = 4},
    ['G'] = {.plain = push_float},
    ['X'] = {.sized = push_text, .number = 4},
    [0x8c] = {.sized = push_text, .number = 1},
    [0x8d] = {.sized = push_text, .number = 8},
    ['U'] = {.sized = push_text, .number = 1}, /* SHORT_BINSTRING and BINSTRING: texts of Python 2 */
    ['T'] = {.sized = push_text, .number = 4},
    ['B'] = {.sized = push_bytes, .number = 4},
    ['C'] = {.sized = push_bytes, .number = 1},
    [0x8e] = {.sized = push_bytes, .number = 8},
    [')'] = {.plain = empty_tuple},
    ['t'] = {.plain = marked_tuple},
    [0x85] = {.sized = tuple_of, .number = 1},
    [0x86] = {.sized = tuple_of, .number = 2},
    [0x87] = {.sized = tuple_of, .number = 3},
    [']'] = {.sized = empty, .number = PICKLE_LIST},
    ['l'] = {.plain = push_list_marked},
    ['a'] = {.plain = append_one},
    ['e'] = {.plain = append_marked},
    ['}'] = {.sized = empty, .number = PICKLE_DICT},
    ['d'] = {.plain = push_dict_marked},
    ['s'] = {.plain = set_one},
    ['u'] = {.plain = set_marked},
    ['q'] = {.sized = put_at, .number = 1},
    ['r'] = {.sized = put_at, .number = 4},
    [0x94] = {.plain = memoize},
    ['h'] = {.sized = get_at, .number = 1},
    ['j'] = {.sized = get_at, .number = 4},
    ['c'] = {.plain = line_global},
    [0x93] = {.plain = stack_global},
    ['R'] = {.plain = reduce},
    [0x81] = {.plain = reduce}, /* NEWOBJ: class.__new__(class, *arguments) */
    ['b'] = {.plain = build},
    ['Q'] = {.plain = persistent},
};

static bool step(Pickle *p, uint8_t opcode)
{
    if (opcodes[opcode].plain) return opcodes[opcode].plain(p);
    if (opcodes[opcode].sized) return opcodes[opcode].sized(p, opcodes[opcode].number);
    return unknown(p, opcode);
}

static PickleValue *run(Pickle *p)
{
    while (p->at < p->length) {
        const uint8_t opcode = p->bytes[p->at++];
        if (opcode == '.') return pickle_pop(p);
        if (!step(p, opcode)) return NULL;
    }
    truncated(p);
    return NULL;
}

PickleValue *pickle_read(const uint8_t *bytes, size_t length, const char *where, Arena *arena, Error *err)
{
    Pickle p = {.bytes = bytes, .length = length, .where = where, .arena = arena, .err = err};
    PickleValue *root = run(&p);
    free(p.stack);
    free(p.marks);
    free(p.memo);
    return root;
}

PickleValue *pickle_get(const PickleValue *value, const char *key)
{
    if (value && value->type == PICKLE_OBJECT) value = value->object.attributes;
    if (!value || value->type != PICKLE_DICT) return NULL;
    for (size_t i = value->list.count; i >= 2; i -= 2) {
        const PickleValue *k = value->list.items[i - 2];
        if (k->type == PICKLE_TEXT && strcmp(k->text, key) == 0) return value->list.items[i - 1];
    }
    return NULL;
}
