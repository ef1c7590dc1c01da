// Ends its process in the middle of a call.
#include "plugin.h"

static void ask(const quorate_call *call) {
  (void)call;
  exit(3);
}
