import { createRequestLimit } from '../../src/transport/request-limit.ts'

/** A limit that no test reaches unless it means to. */
export const WIDE_REQUEST_LIMIT = createRequestLimit(1_000_000_000, () => performance.now())
