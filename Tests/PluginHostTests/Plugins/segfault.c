// Reads where nothing is.
#include "plugin.h"

static void ask(const quorate_call *call) {
  (void)call;
  volatile int *nothing = (volatile int *)8;
  *nothing = 1;
}
