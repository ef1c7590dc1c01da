// Says that its descriptor ends before the functions.
#define SIZE 24
#include "plugin.h"

static void ask(const quorate_call *call) { (void)call; }
