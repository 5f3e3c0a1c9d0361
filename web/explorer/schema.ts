/** The schema as the server tells it, for the editor's completion and for the documentation. */
import { useCallback, useEffect, useState } from 'react'
import { buildClientSchema, getIntrospectionQuery, type GraphQLSchema, type IntrospectionQuery } from 'graphql'

/** Returns the schema once it is there, what went wrong otherwise, and a way to read it again. */
export function useSchema(authorization: string | null): {
  schema: GraphQLSchema | null
  problem: string | null
  reload: () => void
} {
  const [state, setState] = useState<{ schema: GraphQLSchema | null; problem: string | null }>({ schema: null, problem: null })
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    let current = true
    readSchema(authorization)
      .then(schema => {
        if (current) setState({ schema, problem: null })
      })
      .catch((error: unknown) => {
        if (current) setState(now => ({ ...now, problem: error instanceof Error ? error.message : String(error) }))
      })
    return () => {
      current = false
    }
  }, [authorization, turn])
  return { ...state, reload: useCallback(() => setTurn(n => n + 1), []) }
}

async function readSchema(authorization: string | null): Promise<GraphQLSchema> {
  const response = await fetch('/graphql', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) },
    body: JSON.stringify({
      query: getIntrospectionQuery({ inputValueDeprecation: true, specifiedByUrl: true }),
      operationName: 'IntrospectionQuery',
    }),
  })
  const { data, errors } = (await response.json()) as { data?: IntrospectionQuery; errors?: { message: string }[] }
  if (!data) throw new Error(errors?.[0]?.message ?? `The server answered ${response.status}.`)
  return buildClientSchema(data)
}
