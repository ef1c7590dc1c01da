// Fails an assertion.
#include "plugin.h"

static void ask(const quorate_call *call) {
  (void)call;
  abort();
}
