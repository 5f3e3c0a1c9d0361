/**
 * Fault points: named places between a commit and a client at which a test lets this process end, fail or hang on purpose.
 * Unless one was asked for, to come by costs one comparison.
 */
import { StartError } from './start-error.ts'

/** Every fault point and what has happened when a process comes by there. */
export const FAULT_POINTS = {
  'command.committed': 'a command is committed; the relay has not been woken and nobody has been answered',
  'relay.drained': 'events have left the outbox for the event log; that is not committed',
  'relay.committed': 'events are numbered; nobody knows',
  'relay.told': 'this node has taken the events from its relay; the broker has not',
  'relay.published': 'the broker has taken the news',
  'log.heard': 'a node has news of a tenant in hand and has told none of its streams',
  'board.recounted': 'a board is recounted from the ledger and not yet published',
  'reaction.decided': 'a reaction has decided its answer; that is not written',
  'reaction.committed': 'a reaction\'s answer is committed with its place in the log; its work has not been looked for',
  'socket.sending': 'a message of a stream is made; its frame is not written',
  'socket.sent': 'a frame is written to a socket',
  'response.sending': 'a message of a stream is made; its server-sent event is not written',
  'webhook.sent': 'a receiver has answered; the attempt is not written down',
  'webhook.recorded': 'an attempt is written down; its lane has not gone on',
  'queue.worked': 'a piece of work is done; its queue does not know',
} as const satisfies Record<string, string>

/** The name of a fault point. */
export type FaultPoint = keyof typeof FAULT_POINTS

/** What is to happen at a point the nth time it is reached: a kill -9 of oneself, an error, or a standstill of so many ms. */
export interface PlannedFault { point: FaultPoint; nth: number; act: 'crash' | 'throw' | { pauseMs: number } }

/** The error that a `throw` throws. */
export class FaultReached extends Error { override readonly name = 'FaultReached' }

/** Returns the fault that LAUREL_FAULT describes: `point[:nth][:crash|throw|<n>ms]`, the first time and crash unless said. */
export function parseFault(text: string): PlannedFault {
  const match = /^([a-z.]+)(?::([1-9]\d{0,6}))?(?::(crash|throw|(\d{1,6})ms))?$/.exec(text)
  const point = match?.[1] as FaultPoint | undefined
  if (!match || !point || !Object.hasOwn(FAULT_POINTS, point)) {
    throw new StartError(
      `LAUREL_FAULT is "${text}": write point[:nth][:crash|throw|<n>ms] with one of ${Object.keys(FAULT_POINTS).join(', ')}.`)
  }
  const act = match[4] ? { pauseMs: Number(match[4]) } : match[3] === 'throw' ? 'throw' : 'crash'
  return { point, nth: Number(match[2] ?? 1), act }
}

let planned: PlannedFault | null = null
let passed = 0

/** Plans one fault, from now on; null forgets it. It happens once. */
export function planFault(fault: PlannedFault | null): void {
  planned = fault
  passed = 0
}

/** Returns whether a fault is planned there. */
export function isPlanned(point: FaultPoint): boolean {
  return planned !== null && planned.point === point
}

/** Says that this process comes by a fault point. @throws FaultReached when that is planned here and now */
export function reach(point: FaultPoint): void {
  if (planned !== null && planned.point === point) meet(planned)
}

function meet({ point, nth, act }: PlannedFault): void {
  if (++passed < nth) return
  planned = null
  if (act === 'crash') process.kill(process.pid, 'SIGKILL')
  else if (act === 'throw') throw new FaultReached(`the planned fault at ${point}`)
  else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, act.pauseMs)
}
