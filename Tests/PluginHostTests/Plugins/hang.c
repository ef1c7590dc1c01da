// Never answers, and does not stop when it is told to.
#include <unistd.h>

#include "plugin.h"

static void ask(const quorate_call *call) {
  (void)call;
  for (;;) pause();
}
