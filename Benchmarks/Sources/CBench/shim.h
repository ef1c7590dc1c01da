#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

// OpenSSL's own forms are macros over a variadic function, which Swift cannot call.
static inline EVP_PKEY *bench_rsa_key(unsigned int bits) { return EVP_RSA_gen(bits); }
static inline EVP_PKEY *bench_ec_key(const char *curve) { return EVP_EC_gen(curve); }

// From <sched.h>, where they are declared for _GNU_SOURCE alone.
extern int setns(int descriptor, int type);
enum { BENCH_NETWORK_NAMESPACE = 0x40000000 };
