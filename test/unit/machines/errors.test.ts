import { describe, expect, it } from 'vitest';
import { asGaiaError, fillIn, GaiaError } from '../../../src/machines/errors.ts';

describe('GaiaError', () => {
  it('says its message with the values filled in', () => {
    expect(new GaiaError('notFound', { message: '{0} is not on {1}.', values: ['web', 3] }).message).toBe('web is not on 3.');
  });

  it('leaves a placeholder without a value as it is', () => {
    expect(fillIn('{0} {1}', ['a'])).toBe('a {1}');
  });

  it('is told by its code', () => {
    const error = new GaiaError('locked', { message: 'x' });
    expect(GaiaError.is(error)).toBe(true);
    expect(GaiaError.is(error, 'locked', 'notFound')).toBe(true);
    expect(GaiaError.is(error, 'notFound')).toBe(false);
    expect(GaiaError.is(new Error('x'))).toBe(false);
  });

  it('said of a machine keeps code, hint and cause', () => {
    const cause = new Error('c');
    const error = new GaiaError('locked', { message: 'x', hint: 'h', cause }).about('web');
    expect(error.code).toBe('locked');
    expect(error.detail).toMatchObject({ machine: 'web', hint: 'h' });
    expect(error.cause).toBe(cause);
  });
});

describe('any thrown value as a GaiaError', () => {
  it('an abort is cancelled', () => {
    expect(asGaiaError(new DOMException('x', 'AbortError')).code).toBe('cancelled');
  });

  it('the rest is unexpected, its text kept aside from the message', () => {
    const error = asGaiaError(new TypeError('cannot read x of undefined'));
    expect(error.code).toBe('unexpected');
    expect(error.message).not.toContain('cannot read');
    expect(error.detail.raw).toContain('cannot read x of undefined');
    expect(asGaiaError('text').detail.raw).toBe('text');
  });
});
