// Is a library, but no plugin.
int nothing(void);
int nothing(void) { return 0; }
