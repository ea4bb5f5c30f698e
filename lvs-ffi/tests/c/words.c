/* Words and numbers for everybody, and the one function of memory. */
#include "expect.h"

static void words(void)
{
    for (int status = -1000; status <= 1000; status++) {
        EXPECT(1, strlen(lvs_strerror(status)) > 0);
    }
    EXPECT(0, strcmp(lvs_strerror(INT_MIN), lvs_strerror(INT_MAX)));
    EXPECT(0, strcmp(lvs_vrrp_state_name(INT_MIN), lvs_vrrp_state_name(3)));
    EXPECT(0, strcmp(lvs_version(), "0.1.0"));
}

static void *never(void *context, size_t size, size_t alignment)
{
    (void)context, (void)size, (void)alignment;
    return NULL;
}

static void never_again(void *context, void *memory, size_t size, size_t alignment)
{
    (void)context, (void)memory, (void)size, (void)alignment;
}

static void memory(void)
{
    EXPECT(LVS_ERR_NULL, lvs_set_allocator(NULL, never_again, NULL));
    EXPECT(LVS_ERR_NULL, lvs_set_allocator(never, NULL, NULL));
}

int main(void)
{
    words();
    memory();
    return 0;
}
