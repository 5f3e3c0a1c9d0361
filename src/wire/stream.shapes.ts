/** The one enum that all streams share. */
import { registerEnumType } from 'type-graphql'

export enum SnapshotReason {
  FIRST = 'FIRST', EXPIRED = 'EXPIRED', NEW_EPOCH = 'NEW_EPOCH', SLOW_CLIENT = 'SLOW_CLIENT',
  VISIBILITY = 'VISIBILITY',
}
registerEnumType(SnapshotReason, {
  name: 'SnapshotReason', description: 'Why a stream sends a snapshot.',
  valuesConfig: {
    FIRST: { description: 'The reader came without a cursor.' },
    EXPIRED: { description: 'The cursor is too old to resume from, or unknown to this node.' },
    NEW_EPOCH: { description: 'The history that the cursor belongs to was lost.' },
    SLOW_CLIENT: { description: 'The reader fell too far behind.' },
    VISIBILITY: { description: 'Somebody appeared on a board, disappeared from it, or stands there by another name.' },
  },
})
