/* What one core can do at most: vpdpbusd (64 products of bytes, summed) and fused multiply-adds, out of registers.
   Prints operations per second of both, the best of many short runs; a multiplication with its sum counts as two. */
#include <stdio.h>
#include <time.h>

#define ROUNDS 60
#define LOOPS 200000
#define BYTES(n) "vpdpbusd %%zmm30, %%zmm31, %%zmm" #n "\n"
#define FLOATS(n) "vfmadd231ps %%zmm30, %%zmm31, %%zmm" #n "\n"
/* 24 sums that do not wait for one another hide the latency of two pipes */
#define EACH(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) \
                X(12) X(13) X(14) X(15) X(16) X(17) X(18) X(19) X(20) X(21) X(22) X(23)
#define USED "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", \
             "xmm12", "xmm13", "xmm14", "xmm15", "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23"

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + 1e-9 * t.tv_nsec;
}

int main(void)
{
    double bytes = 1e9, floats = 1e9, began, took;
    __asm__ volatile("vpxord %%zmm30, %%zmm30, %%zmm30\nvpxord %%zmm31, %%zmm31, %%zmm31\n" ::: "xmm0");
    for (int round = 0; round < ROUNDS; round++) {
        began = now();
        for (int i = 0; i < LOOPS; i++)
            __asm__ volatile(EACH(BYTES) ::: USED);
        took = now() - began;
        bytes = took < bytes ? took : bytes;
        began = now();
        for (int i = 0; i < LOOPS; i++)
            __asm__ volatile(EACH(FLOATS) ::: USED);
        took = now() - began;
        floats = took < floats ? took : floats;
    }
    printf("%.6g %.6g\n", 24.0 * LOOPS * 128 / bytes, 24.0 * LOOPS * 32 / floats);
    return 0;
}
