// Builders: boxes as bytes, a Vagrant store on the disk, an `images` of its own with everything injected.
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import type { ImageOptions, Images } from '../../../src/images/images.ts';
import { createImages } from '../../../src/images/images.ts';
import { hastyClock, temporaryFolder } from './folders.ts';

export async function tarGz(files: Readonly<Record<string, string | Uint8Array>>): Promise<Buffer> {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name }, Buffer.from(content));
  tar.finalize();
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return gzipSync(Buffer.concat(chunks));
}

export const ovf = '<?xml version="1.0"?>\n<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1"><References><File ovf:href="box-disk001.vmdk" ovf:id="file1"/></References></Envelope>';

/** A VirtualBox box; `more` adds and replaces files. */
export function box(more: Readonly<Record<string, string | Uint8Array>> = {}, provider = 'virtualbox'): Promise<Buffer> {
  return tarGz({
    './metadata.json': JSON.stringify({ provider }),
    './box.ovf': ovf,
    './box-disk001.vmdk': Buffer.concat([Buffer.from('KDMV'), Buffer.alloc(2000)]),
    './Vagrantfile': 'Vagrant::Config.run do |config|\n  # This Vagrantfile is auto-generated\n  config.vm.base_mac = "080027AABBCC"\nend\n',
    ...more,
  });
}

/** Lays files down below `folder`. */
export async function lay(folder: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

/** A box in a store of Vagrant. `where` = name/version/[architecture/]provider as folders. */
export async function storedBox(vagrantHome: string, where: string, provider = where.split('/').at(-1) ?? ''): Promise<void> {
  await lay(join(vagrantHome, 'boxes', where), { 'metadata.json': JSON.stringify({ provider }), 'box.ovf': ovf });
}

export interface Laboratory {
  readonly images: Images;
  readonly cacheFolder: string;
  readonly vagrantHome: string;
  readonly home: string;
  /** A second window on the same cache. */
  another(): Images;
}

export async function laboratory(server: string, more: Partial<ImageOptions> = {}): Promise<Laboratory> {
  const home = await temporaryFolder();
  const cacheFolder = join(home, 'cache');
  const vagrantHome = join(home, 'vagrant');
  const options: ImageOptions = { cacheFolder, record: () => undefined, clock: hastyClock, home, platform: 'linux', arch: 'x64', stallMs: 2000, env: { VAGRANT_HOME: vagrantHome, VAGRANT_SERVER_URL: server }, ...more };
  return { images: createImages(options), cacheFolder, vagrantHome, home, another: () => createImages(options) };
}
