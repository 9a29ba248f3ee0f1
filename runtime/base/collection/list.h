/*
 * An intrusive doubly linked list: the link is a member of the item, so a list allocates nothing.
 *
 * The head is a `struct list` that points to itself when empty (list_init). One thread at a time.
 */
#ifndef RUNTIME_BASE_COLLECTION_LIST_H
#define RUNTIME_BASE_COLLECTION_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *list)
{
	list->next = list->prev = list;
}

static inline bool list_is_empty(const struct list *list)
{
	return list->next == list;
}

static inline void list_push(struct list *list, struct list *item) /* at the end */
{
	item->prev = list->prev;
	item->next = list;
	list->prev->next = item;
	list->prev = item;
}

/* Fine for an item that is in no list, if list_init was called on it. */
static inline void list_remove(struct list *item)
{
	item->prev->next = item->next;
	item->next->prev = item->prev;
	item->next = item->prev = item;
}

#define list_item(link, T, member) ((T *)(void *)((char *)(link)-offsetof(T, member)))
/* `item` may be removed inside the loop, others may not. */
#define list_each(head, link)                                                             \
	for (struct list *link = (head)->next, *link##_next = link->next; link != (head); \
	     link = link##_next, link##_next = link->next)

#endif
