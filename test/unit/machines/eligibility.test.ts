import { describe, expect, it } from 'vitest';
import { eligibleVerbs, isEligible } from '../../../src/machines/eligibility.ts';
import { aMachine, aProvider } from './builders.ts';

const provider = aProvider();

describe('what can be done now', () => {
  it('follows the state', () => {
    expect(eligibleVerbs(aMachine('a', { state: 'stopped' }), provider)).toEqual(['start', 'delete']);
    expect(eligibleVerbs(aMachine('a', { state: 'running' }), provider)).toEqual(['shutDown', 'powerOff', 'pause']);
    expect(eligibleVerbs(aMachine('a', { state: 'paused' }), provider)).toEqual(['powerOff', 'resume']);
  });

  it('is nothing on a locked machine, but a start of a hibernated one', () => {
    expect(eligibleVerbs(aMachine('a', { state: 'stopped', lock: 'backup' }), provider)).toEqual([]);
    expect(eligibleVerbs(aMachine('a', { state: 'stopped', lock: 'suspended' }), provider)).toEqual(['start']);
  });

  it('never deletes what is protected and never starts a template', () => {
    expect(isEligible('delete', aMachine('a', { protection: 'protected' }), provider)).toBe(false);
    expect(isEligible('start', aMachine('a', { template: true }), provider)).toBe(false);
  });

  it('offers a rename only in the states in which the provider can do it', () => {
    const renaming = { ...provider, lifecycle: { ...provider.lifecycle, rename: async () => undefined, renamesIn: ['stopped'] } } as unknown as typeof provider;
    expect(isEligible('rename', aMachine('a', { state: 'stopped' }), renaming)).toBe(true);
    expect(isEligible('rename', aMachine('a', { state: 'running' }), renaming)).toBe(false);
  });

  it('needs the part', () => {
    expect(isEligible('suspend', aMachine('a', { state: 'running' }), provider)).toBe(false);
    expect(isEligible('snapshot', aMachine('a', { state: 'running' }), provider)).toBe(false);
  });
});
