import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { machineId, parseMachineId } from '../../../src/machines/machine.ts';

describe('a machine id', () => {
  it('gives back the parts it was made of, whatever they hold', () => {
    const text = fc.string({ minLength: 1, unit: 'grapheme' });
    fc.assert(fc.property(text, text, text, (provider, connection, native) => {
      expect(parseMachineId(machineId(provider, connection, native))).toEqual({ provider, connection, native });
    }));
  });

  it.each(['', 'x', 'a:b', 'a:b:', ':b:c'])('is not "%s"', text => {
    expect(() => parseMachineId(text)).toThrow(RangeError);
  });
});
