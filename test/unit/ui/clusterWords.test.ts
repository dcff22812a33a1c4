// Tasks and contents of Proxmox VE in words.
import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { contentName, contentNames, taskName } from '../../../src/ui/cluster/words.ts';

const truth = new URL('../../truth/proxmox/', import.meta.url);

describe('the words of the cluster page', () => {
  it.each([['qmstart', 'Start'], ['vzstop', 'Power off'], ['qmigrate', 'Migrate'], ['vzmigrate', 'Migrate'], ['qmdelsnapshot', 'Delete a snapshot'], ['vzdump', 'Back up'], ['imgcopy', 'Upload'], ['hamigrate', 'High availability: migrate']])('%s is “%s”', (type, words) => {
    expect(taskName(type)).toBe(words);
  });

  it('leave what they do not know as it is', () => {
    for (const type of ['dircreate', 'qmwonder', 'vz', '', 'constructor', 'qmconstructor']) expect(taskName(type)).toBe(type);
    expect(contentName('constructor')).toBe('constructor');
    expect(contentNames(['iso', 'wonder'])).toBe('ISO images, wonder');
  });

  it('know every task that was recorded', () => {
    const types = new Set(readdirSync(truth, { recursive: true }).map(String).filter(name => name.endsWith('.json')).flatMap(name => [...readFileSync(new URL(name, truth), 'utf8').matchAll(/UPID:[^:]+:[0-9A-F]{8}:[0-9A-F]{8,}:[0-9A-F]{8}:(\w+):/g)].map(match => match[1]!)));
    expect(types.size).toBeGreaterThan(10);
    // Those that the tests of Proxmox VE itself name so.
    const made = ['storage', 'test', 'watchme', 'emptylog'];
    expect([...types].filter(type => taskName(type) === type && !made.includes(type))).toEqual([]);
  });
});
