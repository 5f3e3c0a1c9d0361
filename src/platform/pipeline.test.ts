import { expect, test } from 'vitest'
import { sharedNode } from '../../test/harness.ts'
import { sendTogether, type Statement } from './pipeline.ts'

async function send(...rounds: Statement[][]) {
  const client = await (await sharedNode()).db.pool.connect()
  try {
    const answers = []
    for (const statements of rounds) answers.push(await sendTogether(client, statements).catch((error: Error) => error))
    return answers
  } finally {
    client.release(true)
  }
}

const one: Statement = { name: 'one', text: 'select 1 as one' }

test('statements are answered in order, with or without rows, values and names', async () => {
  const statements = [one, {
    text: 'select $1::text as said, $2::int as count', values: ['hello', 2],
  }, { text: 'set local work_mem = 1024' }, one]
  const answer = [[{ one: 1 }], [{ said: 'hello', count: 2 }], [], [{ one: 1 }]]
  expect(await send(statements, statements)).toEqual([answer, answer])
})

test('arrays arrive as they were sent, whatever stands in them', async () => {
  const texts = [
    'plain', '', ' ', 'NULL', 'null', null, 'a,b', '{}', '"quoted"', 'back\\slash', 'ümläut', 'two\nlines',
    '2026-11-24T09:30:00.000Z',
  ]
  const at = new Date('2026-11-24T09:30:00.123Z')
  const [answers] = await send([{
    text: `select $1::text[] as texts, $2::bytea[] as bytes, $3::timestamptz[] as times, $4::bigint[] as numbers, $5::boolean[]
      as flags, $6::int[] as nothing, $7::jsonb as object, $8::bytea as raw`,
    values: [texts, [
      Buffer.from([0, 92, 255]), null,
    ], [at], [-5, 2 ** 53 - 1], [true, false, null], [], { deep: ['"'] }, Buffer.from([1, 0])],
  }])
  expect(answers).toEqual([[{
    texts, bytes: [Buffer.from([0, 92, 255]), null], times: [at], numbers: [-5, 2 ** 53 - 1].map(String),
    flags: [true, false, null], nothing: [], object: { deep: ['"'] }, raw: Buffer.from([1, 0]),
  }]])
})

test('after a failure nothing more is carried out, COMMIT included, and the connection answers again', async () => {
  const answers = await send(
    [{ text: 'begin' }, { text: 'create temporary table kept (n int)' }, { text: 'commit' }],
    [{ text: 'begin' }, { name: 'fill', text: 'insert into kept values ($1)', values: [1] }, {
      name: 'fail', text: 'select 1 / $1::int', values: [0],
    }, { name: 'later', text: 'select 2 as later' }, { text: 'commit' }],
    [{ text: 'rollback' }],
    [{
      name: 'fail', text: 'select 1 / $1::int as fine', values: [1],
    }, { name: 'later', text: 'select 2 as later' }, { text: 'select count(*)::int as kept from kept' }],
  )
  expect(answers[1]).toMatchObject({ code: '22012' })
  expect(answers[3]).toEqual([[{ fine: 1 }], [{ later: 2 }], [{ kept: 0 }]])
})

test('a statement whose columns change under it is prepared anew', async () => {
  const read: Statement = { name: 'read', text: 'select * from shape' }
  const answers = await send(
    [{ text: 'create temporary table shape (a int)' }, { text: 'insert into shape values (1)' }], [read],
    [{ text: 'alter table shape add b int' }], [read], [read])
  expect(answers[3]).toMatchObject({ message: 'cached plan must not change result type' })
  expect(answers[4]).toEqual([[{ a: 1, b: null }]])
})

test('one name stands for one text', async () => {
  const answers = await send([one], [{ ...one, text: 'select 2 as one' }], [one])
  expect(answers[1]).toMatchObject({ message: 'the statement name one stands for two texts' })
  expect(answers[2]).toEqual([[{ one: 1 }]])
})

test('a number too large to be exact fails the whole answer', async () => {
  const answers = await send([one, { text: `select ${2n ** 53n}::bigint as large` }, one], [one])
  expect(answers[0]).toMatchObject({ message: 'int8 beyond 2^53 − 1' })
  expect(answers[1]).toEqual([[{ one: 1 }]])
})
