/* SPDX-License-Identifier: Apache-2.0 */
/* Byte strings by byte-string key, in the order of memcmp: a skip list. Not thread-safe. A change
 * can be taken back without allocating, so that a transaction can always be undone. */
#ifndef RRSMB_BACKEND_ORDERED_MAP_H
#define RRSMB_BACKEND_ORDERED_MAP_H

#include "lib/base/bytes.h"

/* Enough for 2^24 entries at a chance of 1/4 a level. */
#define MAP_LEVELS 12

struct map_node {
    struct bytes key;
    struct bytes value;
    unsigned levels;
    struct map_node *next[];
};

struct ordered_map {
    struct map_node *first[MAP_LEVELS];
    uint64_t random;
    uint64_t entries;
    uint64_t bytes; /* of keys and values */
};

/** The first node whose key is not below `key`, or NULL. */
struct map_node *map_seek(const struct ordered_map *map, struct bytes key);
/** The node of that key, or NULL. */
struct map_node *map_find(const struct ordered_map *map, struct bytes key);

/** A node with copies of both, in no map yet; NULL: out of memory. */
struct map_node *map_node_new(struct ordered_map *map, struct bytes key, struct bytes value);
void map_node_free(struct map_node *node);

/** Put a node into the map, which must not hold its key. Cannot fail. */
void map_link(struct ordered_map *map, struct map_node *node);
/** Take a node out of the map, which must hold it; it stays the caller's. Cannot fail. */
void map_unlink(struct ordered_map *map, struct map_node *node);

void map_clear(struct ordered_map *map);

#endif
