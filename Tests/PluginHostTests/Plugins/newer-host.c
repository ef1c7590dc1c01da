// Needs a later Quorate than there is.
#define LOWEST "99.0.0"
#include "plugin.h"

static void ask(const quorate_call *call) { (void)call; }
