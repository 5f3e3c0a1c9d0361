/** Structured logs on stderr, one JSON object a line; they carry ids, never names, tokens or request bodies. */
import { pino } from 'pino'

/** The house's logger; main sets its level from the settings. */
export const log = pino(
  { level: 'info', base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: 2, sync: true }))
