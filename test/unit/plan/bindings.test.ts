// What belongs to which file, kept so that two windows lose nothing of each other's.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { buildSync } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { machineId } from '../../../src/machines/machine.ts';
import { BindingFiles } from '../../../src/ui/plan/bindingFiles.ts';
import type { BindingStore } from '../../../src/ui/plan/bindings.ts';
import { bindingPlace } from './bindingPlace.ts';
import type { TestPlace } from './bindingPlace.ts';

const web = 'file:///lab/web.gaia.json';
const db = 'file:///lab/db.gaia.json';
const id = (native: string): ReturnType<typeof machineId> => machineId('fake', 'local', native);
const all = async (store: BindingStore): Promise<unknown> => {
  await store.fresh();
  return Object.fromEntries(store.files().map(file => [file, Object.fromEntries(store.of(file))] as const).sort());
};

let place: TestPlace;
let pathOf: (file: string) => string;
beforeEach(() => {
  place = bindingPlace();
  pathOf = file => new BindingFiles(place.folder).pathOf(file);
});
afterEach(() => { place.dispose(); });

describe('the bindings of two windows', () => {
  it('lose nothing of each other when they are written at once', async () => {
    const [one, two] = [place.open(), place.open()];
    const names = Array.from({ length: 12 }, (_, at) => String(at));
    await Promise.all(names.flatMap(name => [one.bind(web, `a${name}`, id(`a${name}`)), two.bind(web, `b${name}`, id(`b${name}`)), two.bind(db, `c${name}`, id(`c${name}`))]));
    const expected = (letters: string): unknown => Object.fromEntries([...letters].flatMap(letter => names.map(name => [`${letter}${name}`, id(`${letter}${name}`)])));
    expect(await all(place.open())).toEqual({ [web]: expected('ab'), [db]: expected('c') });
  });

  it('lose nothing of another process', async () => {
    const program = path.join(place.folder, 'window.mjs');
    buildSync({ entryPoints: [path.join(import.meta.dirname, 'bindingChild.ts')], outfile: program, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });
    const store = place.open();
    const child = spawn(process.execPath, [program, place.folder, web, '20'], { stdio: 'ignore' });
    const gone = once(child, 'exit');
    let count = 0;
    do {
      await store.bind(web, `mine-${String(count)}`, id(`mine-${String(count)}`));
      count++;
    } while (child.exitCode === null && count < 200);
    await gone;
    await store.fresh();
    const names = [...store.of(web).keys()];
    expect(names.filter(name => name.startsWith('child-')).length).toBe(20);
    expect(names.filter(name => name.startsWith('mine-')).length).toBe(count);
  });

  it('come to the other one by themselves, and once', async () => {
    const [one, two] = [place.open(), place.open()];
    await two.fresh();
    const told = vi.fn();
    two.onDidChange(told);
    await one.bind(web, 'web', id('1'));
    await expect.poll(() => two.ownerOf(id('1')), { timeout: 5000 }).toEqual({ file: web, name: 'web' });
    await new Promise(resolve => setTimeout(resolve, 300));
    expect(told).toHaveBeenCalledTimes(1);
  });

  it('are empty for who looks first, and told when they are read', async () => {
    await place.open().bind(web, 'web', id('1'));
    const store = place.open();
    const told = vi.fn();
    store.onDidChange(told);
    expect([store.of(web).size, store.files()]).toEqual([0, []]);
    await expect.poll(() => told.mock.calls.length, { timeout: 5000 }).toBe(1);
    expect(store.of(web)).toEqual(new Map([['web', id('1')]]));
  });

  it('give a machine to one place alone', async () => {
    const [one, two] = [place.open(), place.open()];
    await one.bind(web, 'web', id('1'));
    await one.bind(web, 'other', id('2'));
    await two.bind(db, 'db', id('1'));
    expect(await all(one)).toEqual({ [web]: { other: id('2') }, [db]: { db: id('1') } });
    await two.bind(db, 'renamed', id('1'));
    await one.bind(web, 'other', undefined);
    expect(await all(two)).toEqual({ [db]: { renamed: id('1') } });
    expect(fs.existsSync(pathOf(web)), 'a file with no machine leaves nothing').toBe(false);
  });

  it('keep machines under names that mean something to JavaScript', async () => {
    const store = place.open();
    for (const name of ['__proto__', 'constructor', 'toString']) await store.bind(web, name, id(name));
    await place.open().bind(web, 'x', id('x'));
    expect([...(await all(store), store.of(web).keys())].sort()).toEqual(['__proto__', 'constructor', 'toString', 'x']);
  });

  it('keep what belonged to a file that another one is moved over', async () => {
    const store = place.open();
    await store.bind(web, 'web', id('1'));
    await store.bind(db, 'db', id('2'));
    await store.move(web, db);
    expect(await all(place.open())).toEqual({ [db]: { db: id('2'), web: id('1') } });
  });
});

describe('bindings of before', () => {
  beforeEach(() => { place.old.set('gaia.bindings', { [web]: { web: id('1'), two: id('2') }, [db]: { db: id('3') } }); });

  it('are taken over, by whatever is done first', async () => {
    expect(await all(place.open())).toEqual({ [web]: { two: id('2'), web: id('1') }, [db]: { db: id('3') } });
    place.dispose();
    place = bindingPlace();
    place.old.set('gaia.bindings', { [web]: { web: id('1') } });
    await place.open().bind(db, 'new', id('9'));
    expect(await all(place.open())).toEqual({ [web]: { web: id('1') }, [db]: { new: id('9') } });
  });

  it('are taken over once: what is forgotten since does not come back', async () => {
    const store = place.open();
    await store.bind(web, 'web', undefined);
    await store.bind(web, 'two', id('4'));
    expect(await all(place.open())).toEqual({ [web]: { two: id('4') }, [db]: { db: id('3') } });
    const before = fs.readFileSync(pathOf(web), 'utf8');
    expect(await all(place.open())).toEqual({ [web]: { two: id('4') }, [db]: { db: id('3') } });
    expect(fs.readFileSync(pathOf(web), 'utf8')).toBe(before);
  });

  it('are taken over once by two windows that begin together', async () => {
    const [one, two] = [place.open(), place.open()];
    expect(await Promise.all([all(one), all(two)])).toEqual(Array.from({ length: 2 }, () => ({ [web]: { two: id('2'), web: id('1') }, [db]: { db: id('3') } })));
  });

  it('come along later when a window of the older Gaia goes on writing there', async () => {
    await all(place.open());
    place.old.set('gaia.bindings', { [web]: { web: id('7'), two: id('2') }, [db]: { db: id('3'), more: id('8') } });
    expect(await all(place.open())).toEqual({ [web]: { two: id('2'), web: id('7') }, [db]: { db: id('3'), more: id('8') } });
  });

  it('never stand over what was bound since', async () => {
    await place.open().bind(web, 'web', id('5'));
    place.old.set('gaia.bindings', { [web]: { web: id('6'), stolen: id('5') } });
    expect(await all(place.open())).toMatchObject({ [web]: { web: id('5') } });
  });
});

describe('a file of bindings that is damaged', () => {
  const damage = async (text: string): Promise<void> => {
    const store = place.open();
    await store.bind(web, 'web', id('1'));
    await store.bind(db, 'db', id('2'));
    fs.writeFileSync(pathOf(web), text);
  };

  it('is told of, stops what concerns it alone, and stays as it is', async () => {
    const text = `{"file":"${web}","machines":{"web":"${id('1')}"`;
    await damage(text);
    const store = place.open();
    const told: string[] = [];
    store.onDidFail(error => told.push(error.message));
    const error = { code: 'invalidInput', message: `Which machines belong to “web.gaia.json” is not known: ${pathOf(web)} cannot be read.`, detail: { actions: [{ command: 'vscode.open', args: [pathOf(web)] }], hint: expect.stringContaining('adopt the machines again') as string } };
    await expect(store.fresh(web)).rejects.toMatchObject(error);
    await expect(store.bind(web, 'web', id('9'))).rejects.toMatchObject(error);
    await expect(store.bind(web, 'web', undefined)).rejects.toMatchObject(error);
    await expect(store.move(db, web)).rejects.toMatchObject(error);
    expect(told).toEqual([`Gaia remembers in ${pathOf(web)} which machines belong to a file, and cannot read it.`]);
    expect(fs.readFileSync(pathOf(web), 'utf8')).toBe(text);
    await store.fresh(db);
    expect(store.ownerOf(id('2'))).toEqual({ file: db, name: 'db' });
    await store.bind(db, 'more', id('3'));
    expect(store.of(db).size).toBe(2);
  });

  it('still says of its machines that they are somebody\'s', async () => {
    await damage(`{"file":"${web}","machines":{"web":"${id('1')}"`);
    const store = place.open();
    await store.fresh();
    expect([id('1'), id('2'), id('4')].map(one => store.mayBeOwned(one))).toEqual([true, true, false]);
  });

  it.each(['', '[]', 'null', '{"file":1}', '{"file":"file:///lab/web.gaia.json","machines":[]}', '{"file":"file:///lab/web.gaia.json","machines":{"web":1}}', '{"file":"file:///lab/other.gaia.json","machines":{}}'])('may say %j', async text => {
    await damage(text);
    await expect(place.open().fresh(web)).rejects.toMatchObject({ code: 'invalidInput' });
  });

  it('is read again once it is mended', async () => {
    await damage('{');
    const store = place.open();
    await expect(store.fresh(web)).rejects.toMatchObject({ code: 'invalidInput' });
    fs.writeFileSync(pathOf(web), JSON.stringify({ file: web, machines: { web: id('1') } }));
    await expect.poll(() => store.ownerOf(id('1')), { timeout: 5000 }).toEqual({ file: web, name: 'web' });
    await store.fresh(web);
  });

  it('has what was kept before taken over once it is mended', async () => {
    await damage('{');
    place.old.set('gaia.bindings', { [web]: { old: id('5') }, [db]: { old: id('6') } });
    expect(await all(place.open())).toEqual({ [db]: { db: id('2'), old: id('6') } });
    fs.rmSync(pathOf(web));
    expect(await all(place.open())).toEqual({ [db]: { db: id('2'), old: id('6') }, [web]: { old: id('5') } });
  });
});
