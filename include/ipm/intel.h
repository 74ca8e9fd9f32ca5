/* Lists of threat intelligence on their own: what a feed holds, and if something is on it. A monitor reads the same
 * files by its settings (docs/enrichment.md). */
#ifndef IPM_INTEL_H
#define IPM_INTEL_H

#include <stdint.h>

#include <ipm/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Feeds that were read into one index. It never changes. */
typedef struct ipm_intel ipm_intel;

/** What a feed holds, and what of it was not taken: how many, where the first is, and why. Texts are the object's. */
typedef struct ipm_intel_feed {
  uint32_t struct_size; /**< IPM_INTEL_FEED_INIT sets it. */
  uint32_t by_object;   /**< 1: the places below are numbers of objects; 0: of lines. From 1. */
  const char* name;     /**< Of the file, without folder and ending. */
  const char* path;
  const char* format; /**< "plain", "hosts", "cidr", "drop", "drop-json", "feodo", "stix" or "misp". */
  uint64_t records;   /**< Lines or objects that could have held an indicator. */
  uint64_t addresses; /**< Indicators that were taken, by type. */
  uint64_t networks;
  uint64_t domains;
  uint64_t fingerprints; /**< JA4. */
  uint64_t malformed;    /**< Not what the format says … */
  uint64_t malformed_first;
  const char* malformed_reason; /**< … and "" where there is none. */
  uint64_t unsupported;         /**< Understood, and nothing that a connection can be matched with. */
  uint64_t unsupported_first;
  const char* unsupported_reason;
  uint64_t expired; /**< Revoked, or valid until now or before. */
  uint64_t ignored; /**< Said by the feed to be no indicator, or about the feed itself. */
  uint64_t beyond;  /**< More than indicators_max. */
} ipm_intel_feed;

#define IPM_INTEL_FEED_INIT \
  { .struct_size = sizeof(ipm_intel_feed) }

/** What matched. Texts are borrowed until the next ipm_intel_match() of this object. */
typedef struct ipm_intel_match_info {
  uint32_t struct_size;    /**< IPM_INTEL_MATCH_INIT sets it. */
  uint32_t of_url;         /**< 1: a page on that host is listed, not the host itself. */
  const char* type;        /**< "address", "network", "domain" or "ja4". */
  const char* indicator;   /**< "192.0.2.0/24" */
  const char* feed;        /**< Name of the first feed that has it. */
  const char* description; /**< "" if the feed says nothing. */
  int64_t listed_unix_ns;  /**< Since when, by the feed, else by its file. */
} ipm_intel_match_info;

#define IPM_INTEL_MATCH_INIT \
  { .struct_size = sizeof(ipm_intel_match_info) }

/**
 * Read feeds of threat intelligence from files.
 *
 * @param[out] out        The index; NULL after an error.
 * @param feeds           Paths, or FORMAT:PATH; the format is found out by the content otherwise. Not NULL.
 * @param count           How many; at most 256.
 * @param indicators_max  What is more is counted and not kept; 0: 1,000,000.
 * @return IPM_OK, also when lines were not understood: ipm_intel_feed_at() says so; IPM_ERR_NOT_FOUND,
 *         IPM_ERR_PERMISSION, IPM_ERR_IO of a file; IPM_ERR_CORRUPT for a file that is no feed; IPM_ERR_UNSUPPORTED for
 * JSON without simdjson; IPM_ERR_LIMIT for a JSON document of more than 128 MiB.
 *
 * Ownership: the caller closes it with ipm_intel_close(). It takes about 60 bytes an indicator.
 * Threads:   any.
 * Since:     0.1
 */
IPM_API ipm_status ipm_intel_open(ipm_intel** out, const char* const* feeds, uint32_t count, uint32_t indicators_max);

/** Free it. NULL is a no-op. */
IPM_API void ipm_intel_close(ipm_intel* intel);

/**
 * What became of one of its feeds, in the order in which they were given.
 *
 * @return IPM_OK; IPM_END behind the last.
 * Threads:   any number of readers.
 * Since:     0.1
 */
IPM_API ipm_status ipm_intel_feed_at(const ipm_intel* intel, uint32_t index, ipm_intel_feed* out);

/**
 * Look something up: an address by itself and by the most specific network, a domain by itself and by every domain
 * above it, a JA4 fingerprint whole.
 *
 * @param subject   "192.0.2.7", "2001:db8::7", "www.evil.example" or a JA4.
 * @param[out] out  Set on IPM_OK only.
 * @return IPM_OK; IPM_NULL if it is on none of the feeds; IPM_ERR_INVALID_ARGUMENT if the subject is none of these.
 * Threads:   one caller at a time.
 * Since:     0.1
 */
IPM_API ipm_status ipm_intel_match(ipm_intel* intel, const char* subject, ipm_intel_match_info* out);

#ifdef __cplusplus
}
#endif

#endif /* IPM_INTEL_H */
