#include "memory_wiping.h"

#include <malloc.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

// OpenSSL clears most buffers that held a key before it frees them, but not all (the octet string of a SEC 1 key, for
// one). With these three it clears every block it frees, whatever the block held.

static void *wiping_malloc(size_t count, const char *file, int line) {
  (void)file, (void)line;
  return malloc(count);
}

static void wiping_free(void *memory, const char *file, int line) {
  (void)file, (void)line;
  if (memory == NULL) return;
  OPENSSL_cleanse(memory, malloc_usable_size(memory));
  free(memory);
}

static void *wiping_realloc(void *memory, size_t count, const char *file, int line) {
  if (memory == NULL) return malloc(count);
  void *moved = malloc(count);
  if (moved == NULL) return NULL;
  size_t present = malloc_usable_size(memory);
  memcpy(moved, memory, present < count ? present : count);
  wiping_free(memory, file, line);
  return moved;
}

static int is_set;

// OpenSSL takes other functions only before its first allocation, and other libraries of this process (libcurl, libssh2)
// use it too: so it is told when the program is loaded.
__attribute__((constructor)) static void set_memory_functions(void) {
  is_set = CRYPTO_set_mem_functions(wiping_malloc, wiping_realloc, wiping_free);
}

int quorate_wipes_freed_memory(void) { return is_set; }
