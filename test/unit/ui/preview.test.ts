import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockingProblem, parseConfig } from '../../../src/config/parse.ts';
import { generateVagrantfile } from '../../../src/vagrant/generate.ts';
import { blockDelta, commandBlocks, notesOf, tabsOf, textBlocks, vagrantfileBlocks } from '../../../src/ui/preview/content.ts';
import { linesOfHighlighted } from '../../../webview/preview/highlighted.ts';

const file = (names: readonly string[], provider = 'virtualbox'): string => JSON.stringify({ machines: names.map(name => ({ name, provider, config: { box: 'debian/bookworm64', cpus: 2 } })) });
const generated = (text: string): ReturnType<typeof generateVagrantfile> => generateVagrantfile(parseConfig(text));
const joined = (blocks: readonly { readonly text: string }[]): string => blocks.map(block => block.text).join('\n');

describe('the blocks of a preview', () => {
  it('joined are the text, for any number of machines', () => {
    for (const names of [[], ['a'], ['a', 'b'], ['a', 'b', 'c', 'd']]) {
      const made = generated(file(names));
      expect(`${joined(vagrantfileBlocks(made))}\n`).toBe(made.text);
    }
  });

  it('are one a machine, so that an edit moves one', () => {
    const before = vagrantfileBlocks(generated(file(['a', 'b', 'c'])));
    const after = vagrantfileBlocks(generated(file(['a', 'x', 'c'])));
    expect(blockDelta(before, after)).toMatchObject({ remove: 1, blocks: [{}] });
  });

  it('applied as a delta give the new blocks', () => {
    const blocks = fc.array(fc.record({ text: fc.constantFrom<string>('a', 'b', 'c') }), { maxLength: 6 });
    fc.assert(fc.property(blocks, blocks, (before, after) => {
      const delta = blockDelta(before, after);
      const result = [...before];
      if (delta) result.splice(delta.start, delta.remove, ...delta.blocks);
      expect(result.map(block => block.text)).toEqual(after.map(block => block.text));
      if (joined(before) === joined(after) && before.length === after.length) expect(delta).toBeUndefined();
    }));
  });

  it('of a script keep its lines', () => {
    expect(joined(textBlocks('a\r\n\r\nb\r\n'))).toBe('a\n\nb');
  });

  it('of commands stand under the machine, with the reason where there are none', () => {
    const text = joined(commandBlocks([{ name: 'web', commands: [{ text: 'VBoxManage x', language: 'shell', comment: 'why' }] }, { name: 'db', commands: [], problem: 'no connection' }]));
    expect(text).toBe('# web\n# why\nVBoxManage x\n\n# db\n# no connection\n');
  });
});

describe('the tabs of a preview', () => {
  it('are the Vagrantfile and the commands, and a script for each WSL machine', () => {
    expect(tabsOf(generated(file(['a']))).map(tab => tab.id)).toEqual(['vagrantfile', 'commands']);
    expect(tabsOf(generated(file(['dev'], 'wsl'))).map(tab => tab.label)).toEqual(['Vagrantfile', 'setup-dev.ps1', 'Commands']);
  });
});

describe('a broken file', () => {
  it('blocks the rendering and names the first error', () => {
    expect(blockingProblem(parseConfig('{ "name": "a", '))).toBeDefined();
    expect(blockingProblem(parseConfig(file(['a'])))).toBeUndefined();
  });
});

describe('highlighted lines', () => {
  it('are whole each, also where a colour goes over the line end', () => {
    expect(linesOfHighlighted('<span class="s">a\nb</span>c\nd')).toEqual(['<span class="s">a</span>', '<span class="s">b</span>c', 'd']);
  });
});

describe('remarks on a Vagrantfile', () => {
  it('say each thing once, in the order of the file, with its place', () => {
    const text = JSON.stringify({ machines: ['a', 'b'].map(name => ({ name, provider: 'hyperv', config: { box: 'x', generation: 2, iso: 'a.iso' } })) }, undefined, 2);
    const notes = notesOf(generateVagrantfile(parseConfig(text)));
    expect(notes.map(one => [one.severity, /"(\w+)"/.exec(one.text)?.[1]])).toEqual([['information', 'generation'], ['information', 'iso']]);
    expect(text.slice(notes[0]?.offset, (notes[0]?.offset ?? 0) + 12)).toBe('"generation"');
    expect(notesOf(generateVagrantfile(parseConfig('{ "name": "a", "provider": "virtualbox", "config": { "box": "x" } }')))).toEqual([]);
  });
});
