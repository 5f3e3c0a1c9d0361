/** The board as a table in order of rank: what the moving rows say, for reading line by line. */
import { figure } from '../kit/format.ts'
import { Movement } from '../kit/marks.tsx'
import { rowsByRank, type Board } from '../board/board.ts'

/** Returns the table of all rows the page holds. */
export function TableView({ board, caption, moves }: { board: Board; caption: string; moves: boolean }) {
  const rows = rowsByRank(board)
  const notes = rows.some(row => row.note)
  return (
    <div className="table-view panel" tabIndex={0} role="region" aria-label={caption}>
      <table>
        <caption className="note">{caption}</caption>
        <thead>
          <tr>
            <th scope="col">Rank</th>
            <th scope="col">Name</th>
            {notes && <th scope="col">Team</th>}
            {moves && <th scope="col">Places moved</th>}
            <th scope="col" className="r">
              Points
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(row => (
            <tr key={row.id}>
              <td>{row.rank}</td>
              <th scope="row">{row.name}</th>
              {notes && <td>{row.note}</td>}
              {moves && (
                <td>
                  <Movement rank={row.rank} closeRank={row.closeRank} />
                </td>
              )}
              <td className="r">{figure(row.points)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
