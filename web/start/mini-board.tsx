/** A small board that moves: the same subscription as the wall, the first six places. */
import { useEffect, useState } from 'react'
import { liveUrl } from '../kit/ask.ts'
import { figure } from '../kit/format.ts'
import { LiveDot, useFreshness, useNow } from '../kit/live-state.tsx'
import { rowsByRank } from '../board/board.ts'
import { BoardList } from '../board/board-list.tsx'
import { useBoardStream } from '../board/streams.ts'
import { connect } from '../socket.ts'
import type { Connection } from '../stream.ts'

const ROWS = 6

const AGAIN_MS = 10_000

interface MiniBoardProps {
  token: string
  board: { id: string; name: string }
  ended: () => void
  children?: React.ReactNode
}

/**
 * Returns the panel; `children` stand below the rows. `ended` is called a while after the stream was refused, as when its
 * token ran out.
 */
export function MiniBoard({ token, board, ended, children }: MiniBoardProps) {
  const [connection, setConnection] = useState<Connection | null>(null)
  useEffect(() => {
    const opened = connect({ url: liveUrl(), authorization: () => `Bearer ${token}` })
    setConnection(opened)
    return () => opened.close()
  }, [token])
  return (
    <section className="panel mini" aria-label={board.name}>
      {connection ? (
        <Rows connection={connection} board={board} ended={ended} />
      ) : (
        <div className="head">
          <h2>{board.name}</h2>
        </div>
      )}
      {children}
    </section>
  )
}

type RowsProps = Pick<MiniBoardProps, 'board' | 'ended'> & { connection: Connection }

function Rows({ connection, board: { id, name }, ended }: RowsProps) {
  const { board, state } = useBoardStream(connection, id, ROWS)
  useEffect(() => {
    if (state.phase !== 'ended') return
    const timer = setTimeout(ended, AGAIN_MS)
    return () => clearTimeout(timer)
  }, [state.phase, ended])
  const now = useNow()
  const rows = rowsByRank(board)
  const changes = board.changesMs.filter(ms => now - ms < 60_000).length
  const page = { ids: board.order.slice(0, ROWS), from: 1, to: ROWS }
  return (
    <>
      <div className="head">
        <h2>{name}</h2>
        <LiveDot freshness={useFreshness(state)} />
      </div>
      <div className="frame">
        <BoardList
          board={board}
          page={page}
          label={name}
          nameLengthMax={22}
          moves={rows.some(row => row.closeRank !== null)}
          gaps={false}
        />
        {board.loaded && rows.length === 0 && <p className="note">No points yet. The first entry starts the board.</p>}
      </div>
      <p className="foot note">
        <span>{changes === 1 ? '1 change' : `${figure(changes)} changes`} in the last minute</span>
        <a className="link" href={`/live/${id}`}>
          Open the wall
        </a>
      </p>
    </>
  )
}
