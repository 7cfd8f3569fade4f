import { describe, expect, test } from 'vitest'
import type { OpaqueState, Part, ReasoningPart, Turn } from '../../src/formats/conversation.ts'
import { type KeptState, StateVault, type VaultLimits } from '../../src/pipeline/state-vault.ts'

const SIGNED: OpaqueState = { scheme: 'gemini.thought-signature', value: 'c2ln', issuer: { provider: 'google' } }
const THOUGHT: ReasoningPart = {
  type: 'reasoning',
  visibility: 'summary',
  chunks: ['Hmm.'],
  state: [{ scheme: 'anthropic.signature', value: 'EqQB' }],
}
const OF_CALL: KeptState = { ofCall: [SIGNED], thoughts: [] }

function vaultOf(limits: Partial<VaultLimits> = {}): { vault: StateVault; later(ms: number): void } {
  let now = 0
  const vault = new StateVault(() => now, limits)
  return {
    vault,
    later: ms => {
      now += ms
    },
  }
}

function call(callId: string, state?: OpaqueState): Part {
  return { type: 'tool-call', callId, name: 'f', kind: 'function', arguments: '{}', ...(state && { state: [state] }) }
}
const text: Part = { type: 'text', text: 'Let me see.' }
const said = (...parts: Part[]): readonly Turn[] => [{ role: 'assistant', parts }]

describe('what a client dropped', () => {
  test('is put back onto the call', () => {
    const { vault } = vaultOf()
    vault.keep('a', 'c1', OF_CALL)
    expect(vault.restored(said(text, call('c1'), call('c2')), 'a')).toEqual(said(text, call('c1', SIGNED), call('c2')))
  })

  test('is put back before the call, in the place of thinking without state', () => {
    const { vault } = vaultOf()
    vault.keep('a', 'c2', { ofCall: [], thoughts: [THOUGHT] })
    const bare: Part = { type: 'reasoning', visibility: 'summary', chunks: ['Hmm.'] }
    expect(vault.restored(said(call('c1'), bare, text, call('c2')), 'a')).toEqual(
      said(call('c1'), THOUGHT, text, call('c2')),
    )
  })

  test('does not replace what the client has kept', () => {
    const { vault } = vaultOf()
    vault.keep('a', 'c1', { ofCall: [SIGNED], thoughts: [THOUGHT] })
    const own: OpaqueState = { scheme: 'gemini.thought-signature', value: 'b3du' }
    const turns = said({ ...THOUGHT, state: [own] }, call('c1', own))
    expect(vault.restored(turns, 'a')).toEqual(turns)
  })

  test('is nobody else’s, and nothing for calls that a user writes', () => {
    const { vault } = vaultOf()
    vault.keep('a', 'c1', OF_CALL)
    const turns: readonly Turn[] = [{ role: 'user', parts: [call('c1')] }]
    expect(vault.restored(turns, 'a')).toEqual(turns)
    expect(vault.restored(said(call('c1')), 'b')).toEqual(said(call('c1')))
    vault.keep('a\nb', 'c', OF_CALL)
    expect(vault.find('a', 'c')).toBeUndefined()
  })
})

describe('bounds', () => {
  test('the least recently used goes first', () => {
    const { vault } = vaultOf({ entries: 2 })
    for (const id of ['c1', 'c2']) vault.keep('a', id, OF_CALL)
    vault.find('a', 'c1')
    vault.keep('a', 'c3', OF_CALL)
    expect(['c1', 'c2', 'c3'].map(id => vault.find('a', id) !== undefined)).toEqual([true, false, true])
  })

  test('old state is gone', () => {
    const { vault, later } = vaultOf({ age: 100 })
    vault.keep('a', 'c1', OF_CALL)
    later(100)
    expect(vault.find('a', 'c1')).toMatchObject(OF_CALL)
    later(1)
    expect(vault.find('a', 'c1')).toBeUndefined()
    expect(vault.count).toBe(0)
  })

  test('large state makes room for itself, and too large state is not kept', () => {
    const { vault } = vaultOf({ size: 100 })
    const large = (length: number): KeptState => ({ ofCall: [{ ...SIGNED, value: 'x'.repeat(length) }], thoughts: [] })
    vault.keep('a', 'c1', large(60))
    vault.keep('a', 'c2', large(60))
    expect([vault.find('a', 'c1'), vault.count]).toEqual([undefined, 1])
    vault.keep('a', 'c3', large(200))
    expect([vault.find('a', 'c3'), vault.count]).toEqual([undefined, 1])
  })

  test('the same call again is one entry', () => {
    const { vault } = vaultOf({ size: 100 })
    for (let again = 0; again < 9; again++) vault.keep('a', 'c1', OF_CALL)
    expect(vault.count).toBe(1)
    expect(vault.find('a', 'c1')).toMatchObject(OF_CALL)
  })
})
