// Crashes while it is loaded.
#include "plugin.h"

__attribute__((constructor)) static void begin(void) { abort(); }

static void ask(const quorate_call *call) { (void)call; }
