#pragma once

// Whether OpenSSL clears every block of memory that it frees in this process: 1 when it does, 0 when OpenSSL had
// allocated before this program's own code was loaded.
int quorate_wipes_freed_memory(void);
