// Turns on a node: so many at once, the others in order, and a cancel that leaves the queue.
import { describe, expect, it } from 'vitest';
import { Turns } from '../../../src/providers/proxmox/turns.ts';

const never = new AbortController().signal;
const settled = async (): Promise<void> => { for (let round = 0; round < 5; round++) await Promise.resolve(); };

describe('turns', () => {
  it('lets so many in, and the next in the order of asking', async () => {
    const turns = new Turns(2);
    const order: string[] = [];
    const enter = async (name: string): Promise<() => void> => {
      const leave = await turns.take('pve1', never);
      order.push(name);
      return leave;
    };
    const first = await enter('a');
    await enter('b');
    void enter('c');
    void enter('d');
    await settled();
    expect(order).toEqual(['a', 'b']);
    expect(turns.free('pve1')).toBe(false);
    expect(turns.free('pve2')).toBe(true);
    first();
    first();
    await settled();
    expect(order, 'a turn is given back once').toEqual(['a', 'b', 'c']);
  });

  it('lets one who gave up leave the queue, and the next goes in', async () => {
    const turns = new Turns(1);
    const leave = await turns.take('pve1', never);
    const stop = new AbortController();
    const gone = turns.take('pve1', stop.signal);
    const next = turns.take('pve1', never);
    stop.abort();
    await expect(gone).rejects.toMatchObject({ code: 'cancelled', detail: { left: 'Nothing was sent.' } });
    leave();
    (await next)();
    expect(turns.free('pve1')).toBe(true);
    await expect(turns.take('pve1', stop.signal)).rejects.toMatchObject({ code: 'cancelled' });
    expect(turns.free('pve1')).toBe(true);
  });
});
