/** The one enum that all streams share. */
import { registerEnumType } from 'type-graphql'

export enum SnapshotReason { FIRST = 'FIRST', EXPIRED = 'EXPIRED', NEW_EPOCH = 'NEW_EPOCH', SLOW_CLIENT = 'SLOW_CLIENT' }
registerEnumType(SnapshotReason, {
  name: 'SnapshotReason',
  description: 'Why a stream sends a snapshot: FIRST without a cursor, EXPIRED when the cursor is too old, NEW_EPOCH when history was lost, SLOW_CLIENT when the reader fell behind.',
})
