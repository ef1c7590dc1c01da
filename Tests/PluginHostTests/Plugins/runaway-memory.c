// Takes memory until there is none.
#include "plugin.h"

static void ask(const quorate_call *call) {
  (void)call;
  for (;;) {
    char *part = malloc((size_t)1 << 24);
    if (part == NULL) abort();
    part[0] = 1;
  }
}
