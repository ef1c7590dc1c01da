// Begins with another magic number.
#define MAGIC 0x1122334455667788ULL
#include "plugin.h"

static void ask(const quorate_call *call) { (void)call; }
