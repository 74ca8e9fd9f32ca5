/* Version of the headers, and of the library that is linked. */
#ifndef IPM_VERSION_H
#define IPM_VERSION_H

#include <ipm/export.h>

#define IPM_VERSION_MAJOR 0
#define IPM_VERSION_MINOR 1
#define IPM_VERSION_PATCH 0
#define IPM_VERSION_STRING "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The version of the library in use, as "major.minor.patch". Compare with IPM_VERSION_STRING, which is that of the
 * headers.
 *
 * Ownership: static storage; never freed.
 * Threads:   any.
 * Since:     0.1
 */
IPM_API const char* ipm_version(void);

#ifdef __cplusplus
}
#endif

#endif /* IPM_VERSION_H */
