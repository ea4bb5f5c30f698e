/* The header needs nothing before it and bears to be included twice. */
#include "lvs.h"
#include "lvs.h"
