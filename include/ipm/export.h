/* Which symbols leave the library. Everything else is hidden. */
#ifndef IPM_EXPORT_H
#define IPM_EXPORT_H

#if defined(IPM_STATIC)
#define IPM_API
#elif defined(_WIN32)
#if defined(IPM_BUILDING)
#define IPM_API __declspec(dllexport)
#else
#define IPM_API __declspec(dllimport)
#endif
#else
#define IPM_API __attribute__((visibility("default")))
#endif

#endif /* IPM_EXPORT_H */
