/** Structured logs on stderr, one JSON object a line; they carry ids, never names, tokens or request bodies. */
import { pino } from 'pino'

/** The house's logger; its level is set from LAUREL_LOG at start. */
export const log = pino({ level: process.env.LAUREL_LOG ?? 'info', base: null, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: 2, sync: true }))
