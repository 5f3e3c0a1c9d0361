/** Room for names on the screens that hang on walls. */
import { expect, test } from 'vitest'
import { nameRoom } from './name-room.ts'

test.each([
  ['1080p', 1920, 1080, 8, true, 25],
  ['4K shows the same as 1080p', 3840, 2160, 8, true, 25],
  ['a laptop is narrower for its height', 1440, 900, 8, true, 17],
  ['six larger rows give up the gap', 1920, 1080, 6, false, 20],
  ['upright screens have the column below', 1080, 1920, 8, true, 16],
  ['a name keeps ten characters', 700, 500, 4, true, 10],
])('%s', (_case, width, height, rows, gaps, room) => expect(nameRoom(width, height, rows, gaps)).toBe(room))
