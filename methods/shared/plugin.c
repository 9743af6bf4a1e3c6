/* The file is hashed before it is loaded, loaded with all its symbols resolved, and its methods are looked at member
 * by member before the first is registered: what a compiler cannot check of a stranger's table is checked here,
 * once. */
#include "methods/shared/plugin.h"

#include "harness/base/hash.h"
#include "methods/palbench.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- what a plugin's methods must be like ---- */

/* Names stand in file names, in JSON and on the command line. */
static bool is_name(const char *name)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    return name && *name && strlen(name) < 64 && strspn(name, allowed) == strlen(name);
}

static bool is_choice(const Option *o)
{
    for (size_t i = 0; o->choices && o->fallback_text && o->choices[i]; i++)
        if (!strcmp(o->choices[i], o->fallback_text)) return true;
    return false;
}

/* What is wrong with an option; NULL: nothing. */
static const char *option_fault(const Option *table, const Option *o)
{
    if (!is_name(o->name)) return "has a name that is not made of letters, digits, _ and -";
    if (!o->help) return "has no help";
    for (const Option *other = table; other != o; other++)
        if (!strcmp(other->name, o->name)) return "stands twice in the table";
    switch (o->type) {
    case OPTION_TYPE_REAL:
    case OPTION_TYPE_INT:
        return o->fallback >= o->low && o->fallback <= o->high ? NULL : "has a default out of range";
    case OPTION_TYPE_BOOL:
        return NULL;
    case OPTION_TYPE_CHOICE:
        return is_choice(o) ? NULL : "has a default that is not among its choices";
    case OPTION_TYPE_TEXT:
        return o->fallback_text ? NULL : "has no default";
    }
    return "has no known type";
}

static const char *missing_member(const Method *m)
{
    if (!m->summary) return "summary";
    if (!m->options) return "options table (one with only OPTION_END will do)";
    if (m->version < 1) return "version (1, raised whenever its numbers may change)";
    if (!m->settings) return "settings (ZERO_SHOT, say)";
    if (!m->needs) return "needs function";
    if (m->members > MEMBERS_MAX) return "number of members that there can be (1 or 2)";
    if (m->members) return m->rescore ? NULL : "rescore function";
    return m->score ? NULL : "score function";
}

static bool check_method(const char *path, const Method *m, Error *err)
{
    if (!is_name(m->name))
        return fail_usage(err, "%s: a method's name is made of letters, digits, _ and -, this is \"%s\"", path,
                          m->name ? m->name : "");
    const Method *other = method_find(m->name);
    if (other)
        return fail_usage(err, "%s: the name %s belongs to a method %s%s; choose another", path, m->name,
                          other->plugin ? "of " : "that is built in", other->plugin ? other->plugin : "");
    const char *missing = missing_member(m);
    if (missing) return fail_usage(err, "%s: the method %s has no %s", path, m->name, missing);
    for (const Option *o = m->options; o->name; o++) {
        const char *fault = option_fault(m->options, o);
        if (fault) return fail_usage(err, "%s: the option %s of the method %s %s", path, o->name, m->name, fault);
    }
    return true;
}

static bool check_methods(const char *path, const Method *const *methods, Error *err)
{
    if (!methods || !methods[0]) return fail_usage(err, "%s: the plugin holds no method", path);
    for (size_t i = 0; methods[i]; i++) {
        if (!check_method(path, methods[i], err)) return false;
        for (size_t k = 0; k < i; k++)
            if (!strcmp(methods[k]->name, methods[i]->name))
                return fail_usage(err, "%s: two of its methods are called %s", path, methods[i]->name);
    }
    return true;
}

/* ---- loading ---- */

static bool is_loaded(const char *hash)
{
    const Method *const *all = method_all();
    for (size_t i = 0; all[i]; i++)
        if (all[i]->plugin_hash && !strcmp(all[i]->plugin_hash, hash)) return true;
    return false;
}

static bool check_interface(const char *path, const PalbenchPlugin *plugin, Error *err)
{
    if (plugin->version != PALBENCH_PLUGIN_VERSION)
        return fail_usage(err,
                          "%s: built for plugin interface %d, this palbench has %d; build it again with make plugin",
                          path, plugin->version, PALBENCH_PLUGIN_VERSION);
    if (plugin->method_size != sizeof(Method) || plugin->option_size != sizeof(Option) ||
        plugin->run_size != sizeof(Run))
        return fail_usage(
            err,
            "%s: built for other structures (Method, Option, Run of %zu, %zu, %zu bytes, here %zu, %zu, %zu); "
            "build it again with make plugin",
            path, plugin->method_size, plugin->option_size, plugin->run_size, sizeof(Method), sizeof(Option),
            sizeof(Run));
    return true;
}

/* dlopen's own sentence without the path that it starts with. */
static const char *reason(const char *full)
{
    const char *text = dlerror();
    if (!text) return "no reason given";
    const size_t length = strlen(full);
    return !strncmp(text, full, length) && !strncmp(text + length, ": ", 2) ? text + length + 2 : text;
}

static bool load(const char *path, const char *full, const char *hash, Progress *progress, Error *err)
{
    progress_note(progress, "%s: loading this plugin; its code runs with all your rights", path);
    void *object = dlopen(full, RTLD_NOW | RTLD_LOCAL);
    if (!object)
        return fail_usage(err, "%s: cannot be loaded as a plugin (%s); build it with make plugin", path, reason(full));
    const PalbenchPlugin *plugin = dlsym(object, "palbench_plugin");
    bool good = plugin || fail_usage(err,
                                     "%s: exports no palbench_plugin; end its source with PALBENCH_PLUGIN(&method) of "
                                     "methods/palbench.h",
                                     path);
    good = good && check_interface(path, plugin, err) && check_methods(path, plugin->methods, err);
    for (size_t i = 0; good && plugin->methods[i]; i++) method_register(plugin->methods[i], path, hash);
    if (!good) dlclose(object);
    return good;
}

bool plugin_load(const char *path, Progress *progress, Error *err)
{
    char *full = realpath(path, NULL),
         hash[65]; /* with a / in it: a bare name would be looked for among the libraries */
    if (!full) return fail_usage(err, "%s: there is no such plugin; build it with make plugin", path);
    bool good = hash_file(full, hash, err);
    if (!good) err->exit_status = EXIT_USAGE;
    if (good && !is_loaded(hash)) good = load(path, full, hash, progress, err);
    free(full);
    return good;
}

bool plugin_is_loaded(const char *path)
{
    Error unreadable; /* then it is not */
    struct stat info;
    char hash[65];
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && hash_file(path, hash, &unreadable) && is_loaded(hash);
}
