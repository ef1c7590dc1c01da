// Is never done with being loaded.
#include <unistd.h>

#include "plugin.h"

__attribute__((constructor)) static void begin(void) {
  for (;;) pause();
}

static void ask(const quorate_call *call) { (void)call; }
