/* The one file that knows which HDF5 it is built with: 1.10, or 1.12 and later, where objects and links are described by other
 * structures. The later ones are called by their numbered names, so that no macro for an older interface changes them. */
#include "harness/io/artifact_hdf5.h"

#include "harness/base/text.h"

#include <stdio.h>
#include <string.h>

#if H5_VERSION_GE(1, 12, 0)

typedef H5L_info2_t LinkInfo;

static bool link_info(hid_t place, const char *name, LinkInfo *info)
{
    return H5Lget_info2(place, name, info, H5P_DEFAULT) >= 0;
}

static bool object_type(hid_t place, const char *name, H5O_type_t *type)
{
    H5O_info2_t info;
    const bool found = H5Oget_info_by_name3(place, name, &info, H5O_INFO_BASIC, H5P_DEFAULT) >= 0;
    if (found) *type = info.type;
    return found;
}

static bool each_link(hid_t group, herr_t (*take)(hid_t, const char *, const LinkInfo *, void *), void *context)
{
    return H5Literate2(group, H5_INDEX_NAME, H5_ITER_INC, NULL, take, context) >= 0;
}

void h5_free_texts(hid_t type, hid_t space, void *room)
{
    H5Treclaim(type, space, H5P_DEFAULT, room);
}

#else

typedef H5L_info_t LinkInfo;

static bool link_info(hid_t place, const char *name, LinkInfo *info)
{
    return H5Lget_info(place, name, info, H5P_DEFAULT) >= 0;
}

static bool object_type(hid_t place, const char *name, H5O_type_t *type)
{
    H5O_info_t info;
    const bool found = H5Oget_info_by_name(place, name, &info, H5P_DEFAULT) >= 0;
    if (found) *type = info.type;
    return found;
}

static bool each_link(hid_t group, herr_t (*take)(hid_t, const char *, const LinkInfo *, void *), void *context)
{
    return H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, NULL, take, context) >= 0;
}

void h5_free_texts(hid_t type, hid_t space, void *room)
{
    H5Dvlen_reclaim(type, space, H5P_DEFAULT, room);
}

#endif

void h5_start(void)
{
    H5open();
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

static herr_t take_first(unsigned n, const H5E_error2_t *error, void *context)
{
    H5Reason *reason = context;
    if (n == 0 && error->desc) snprintf(reason->text, sizeof reason->text, "%s", error->desc);
    return 0;
}

H5Reason h5_reason(void)
{
    static const char mark[] = "error message = '";
    H5Reason reason = {.text = "unknown reason"};
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, take_first, &reason);
    char *words = strstr(reason.text, mark);
    char *end = words ? strchr(words + sizeof mark - 1, '\'') : NULL;
    if (!end) return reason;
    *end = '\0';
    words += sizeof mark - 1;
    memmove(reason.text, words, strlen(words) + 1);
    reason.system = true;
    return reason;
}

H5Kind h5_kind(hid_t place, const char *name)
{
    H5O_type_t type;
    LinkInfo link;
    if (H5Lexists(place, name, H5P_DEFAULT) <= 0) return H5_NOTHING;
    if (object_type(place, name, &type)) return type == H5O_TYPE_DATASET ? H5_DATA : H5_OTHER;
    return link_info(place, name, &link) && link.type == H5L_TYPE_HARD ? H5_DAMAGED : H5_NOTHING;
}

static herr_t add_name(hid_t group, const char *name, const LinkInfo *info, void *names)
{
    (void)info;
    const H5Kind kind = h5_kind(group, name);
    if (kind == H5_DATA || kind == H5_DAMAGED) text_list_add(names, name);
    return 0;
}

bool h5_names(hid_t group, struct TextList *names)
{
    return each_link(group, add_name, names);
}

hid_t h5_text_type(void)
{
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, H5T_VARIABLE);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

hid_t h5_file_access(void)
{
    const hid_t list = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(list, H5F_CLOSE_STRONG);
    H5Pset_libver_bounds(list, H5F_LIBVER_V110, H5F_LIBVER_LATEST);
#if H5_VERSION_GE(1, 10, 7)
    H5Pset_file_locking(list, false, true);
#endif
    return list;
}

hid_t h5_data_access(void)
{
    const hid_t list = H5Pcreate(H5P_DATASET_ACCESS);
    H5Pset_virtual_prefix(list, "${ORIGIN}");
    return list;
}
