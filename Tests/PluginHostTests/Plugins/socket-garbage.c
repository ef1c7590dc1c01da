// Writes to every descriptor that it finds.
#include <unistd.h>

#include "plugin.h"

static void ask(const quorate_call *call) {
  (void)call;
  for (int descriptor = 0; descriptor < 64; descriptor++)
    if (write(descriptor, "what nobody wants to read, and no frame of anything", 51) < 0) continue;
  for (;;) pause();
}
