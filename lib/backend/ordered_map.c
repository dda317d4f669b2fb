/* SPDX-License-Identifier: Apache-2.0 */
#include "lib/backend/ordered_map.h"

#include <stdlib.h>

static int compare(struct bytes a, struct bytes b)
{
    size_t shorter = a.size < b.size ? a.size : b.size;
    int order = shorter == 0 ? 0 : memcmp(a.data, b.data, shorter);
    if (order != 0)
        return order;
    return (a.size > b.size) - (a.size < b.size);
}

/* For each level the link that would lead to `key`; gives the node behind the lowest. */
static struct map_node *find_links(const struct ordered_map *map, struct bytes key,
                                   struct map_node **links[MAP_LEVELS])
{
    struct map_node *const *line = map->first;
    for (unsigned level = MAP_LEVELS; level-- > 0;) {
        while (line[level] != NULL && compare(line[level]->key, key) < 0)
            line = line[level]->next;
        links[level] = (struct map_node **)&line[level];
    }
    return *links[0];
}

struct map_node *map_seek(const struct ordered_map *map, struct bytes key)
{
    struct map_node **links[MAP_LEVELS];
    return find_links(map, key, links);
}

struct map_node *map_find(const struct ordered_map *map, struct bytes key)
{
    struct map_node *node = map_seek(map, key);
    return node != NULL && compare(node->key, key) == 0 ? node : NULL;
}

/* xorshift64 (Marsaglia 2003): good enough to balance a list, and never mistaken for secrets. */
static unsigned random_levels(struct ordered_map *map)
{
    uint64_t random = map->random != 0 ? map->random : UINT64_C(0x9e3779b97f4a7c15);
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    map->random = random;

    unsigned levels = 1;
    for (; levels < MAP_LEVELS && (random & 3) == 0; random >>= 2)
        levels++;
    return levels;
}

struct map_node *map_node_new(struct ordered_map *map, struct bytes key, struct bytes value)
{
    unsigned levels = random_levels(map);
    size_t head = sizeof(struct map_node) + levels * sizeof(struct map_node *);
    struct map_node *node = malloc(head + key.size + value.size);
    if (node == NULL)
        return NULL;
    uint8_t *tail = (uint8_t *)node + head;
    if (key.size > 0)
        memcpy(tail, key.data, key.size);
    if (value.size > 0)
        memcpy(tail + key.size, value.data, value.size);
    node->key = (struct bytes){tail, key.size};
    node->value = (struct bytes){tail + key.size, value.size};
    node->levels = levels;
    return node;
}

void map_node_free(struct map_node *node)
{
    free(node);
}

void map_link(struct ordered_map *map, struct map_node *node)
{
    struct map_node **links[MAP_LEVELS];
    (void)find_links(map, node->key, links);
    for (unsigned level = 0; level < node->levels; level++) {
        node->next[level] = *links[level];
        *links[level] = node;
    }
    map->entries++;
    map->bytes += node->key.size + node->value.size;
}

void map_unlink(struct ordered_map *map, struct map_node *node)
{
    struct map_node **links[MAP_LEVELS];
    (void)find_links(map, node->key, links);
    for (unsigned level = 0; level < node->levels; level++)
        *links[level] = node->next[level];
    map->entries--;
    map->bytes -= node->key.size + node->value.size;
}

void map_clear(struct ordered_map *map)
{
    struct map_node *node = map->first[0];
    while (node != NULL) {
        struct map_node *next = node->next[0];
        map_node_free(node);
        node = next;
    }
    *map = (struct ordered_map){0};
}
