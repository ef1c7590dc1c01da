// Is made for another major version of the ABI, whose descriptor is larger.
#define MAJOR 7
#define MINOR 3
#include "plugin.h"

static void ask(const quorate_call *call) { (void)call; }
