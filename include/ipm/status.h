/* What a call answers: 0 is success, positive is an outcome that is no error, negative is an error. */
#ifndef IPM_STATUS_H
#define IPM_STATUS_H

#include <stdint.h>

#include <ipm/export.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A result. The numbers are written out and never reused. */
typedef int32_t ipm_status;

enum {
  IPM_OK = 0,
  /* Outcomes. */
  IPM_NULL = 1,    /**< The value could not be measured here. Never the same as 0. */
  IPM_TIMEOUT = 2, /**< Nothing came in time. */
  IPM_END = 3,     /**< Nothing will ever come again: the end of rows, of a file. */
  /* Errors. */
  IPM_ERR_INVALID_ARGUMENT = -1, /**< The caller passed something that cannot be meant. */
  IPM_ERR_PERMISSION = -2,       /**< The system refused; the message names what would be needed. */
  IPM_ERR_NOT_FOUND = -3,        /**< A file, table, column, source or process that is not there. */
  IPM_ERR_UNSUPPORTED = -4,      /**< This build, kernel or platform cannot do it. */
  IPM_ERR_CORRUPT = -5,          /**< Input that is not what it claims to be; the message has the place. */
  IPM_ERR_IO = -6,               /**< The system failed to read or write. */
  IPM_ERR_LIMIT = -7,            /**< A bound would be exceeded; the message names the setting. */
  IPM_ERR_NO_MEMORY = -8,        /**< The allocator refused. */
  IPM_ERR_EXPIRED = -9,          /**< The snapshot was revoked to keep memory bounded: open the cursor again. */
  IPM_ERR_FORKED = -10,          /**< The object belongs to the parent of this forked process; only close works. */
  IPM_ERR_STATE = -11,           /**< Not in this order, or not beside what is already there. */
  IPM_ERR_INTERNAL = -12         /**< A defect of libipm. Please report it with the message. */
};

/**
 * The name of a status, such as "IPM_ERR_PERMISSION"; "IPM_UNKNOWN_STATUS" for a number that this version does not
 * know.
 *
 * Ownership: static storage.
 * Threads:   any.
 * Since:     0.1
 */
IPM_API const char* ipm_status_name(ipm_status status);

/**
 * The message of the last call on this thread that returned an error: what was attempted, where, and what would help.
 * Never NULL; empty if no call has failed yet. A call that succeeds leaves it unchanged.
 *
 * Ownership: borrowed; valid until the next failing libipm call on this thread.
 * Threads:   any; each thread has its own.
 * Since:     0.1
 */
IPM_API const char* ipm_last_error(void);

#ifdef __cplusplus
}
#endif

#endif /* IPM_STATUS_H */
