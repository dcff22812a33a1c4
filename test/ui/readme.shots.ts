// The pictures of README.md, made anew: `npx vitest run --config test/ui/shots.config.ts`. Real machines in the demo's private VirtualBox,
// the files of examples/. Look at each before it is committed.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { openDemo } from '../../build/demo.mjs';
import { TreeView } from './pages/treeView.ts';
import { openWorkbench } from './pages/workbench.ts';
import type { Workbench } from './pages/workbench.ts';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const pictures = path.join(root, 'media/screenshots');
const settings = {
  'gaia.refreshInterval': 2, 'editor.minimap.enabled': false, 'workbench.layoutControl.enabled': false, 'window.commandCenter': false,
  'chat.commandCenter.enabled': false, 'breadcrumbs.enabled': false, 'editor.fontSize': 13, 'workbench.secondarySideBar.defaultVisibility': 'hidden',
};

describe('the pictures of the README', () => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-pictures-'));
  let demo: Awaited<ReturnType<typeof openDemo>>;
  let workbench: Workbench;
  let tree: TreeView;

  beforeAll(async () => {
    demo = await openDemo(path.join(home, 'virtualbox'));
    await demo.prepare();
    workbench = await openWorkbench({ virtualBox: demo, workspace: workspace(), settings, viewport: { width: 1440, height: 760 } });
    tree = await workbench.openView();
    await widenSideBar(90);
    await tree.row('web').waitFor({ timeout: 60_000 });
  });
  afterAll(async () => {
    await workbench?.close();
    await demo?.close();
    fs.rmSync(home, { recursive: true, force: true });
  });

  /** A copy of examples/ in which no machine has the name of one of the demo's. */
  const workspace = (): string => {
    const copy = path.join(home, 'examples');
    fs.cpSync(path.join(root, 'examples'), copy, { recursive: true });
    const lab = path.join(copy, 'lab.gaia.json');
    fs.writeFileSync(lab, fs.readFileSync(lab, 'utf8').replaceAll('"web"', '"proxy"').replace('a web server', 'a proxy'));
    return copy;
  };

  const widenSideBar = async (pixels: number): Promise<void> => {
    const { mouse } = workbench.page;
    const box = await workbench.page.locator('.part.sidebar').boundingBox();
    if (!box) throw new Error('there is no side bar');
    const edge = box.x + box.width + 2, middle = box.y + box.height / 2;
    await mouse.move(edge, middle);
    await workbench.page.waitForTimeout(500);
    await mouse.down();
    await mouse.move(edge + pixels, middle, { steps: 5 });
    await mouse.up();
  };

  const keep = async (name: string): Promise<void> => {
    fs.mkdirSync(pictures, { recursive: true });
    fs.copyFileSync(await workbench.screenshot(`readme-${name}`), path.join(pictures, `${name}.png`));
  };

  it('the machines, a file and its preview', async () => {
    await tree.menu(tree.row('database'), 'Start');
    await workbench.page.waitForTimeout(500);
    await tree.element.getByText(/running · 2 CPU · 192 MB/).waitFor({ timeout: 60_000 });
    await tree.expand(tree.row('database'));
    await tree.row('installed').waitFor({ timeout: 30_000 });
    await tree.expand(tree.row('installed'));
    await workbench.editor.open('lab.gaia.json');
    await workbench.run('Gaia: Preview Vagrantfile');
    await (await workbench.webview('.code')).locator('.line').first().waitFor();
    await workbench.editor.goToLine(23, 11);
    await workbench.page.waitForTimeout(3000);
    await keep('machines');
  });

  it('the details of a machine', async () => {
    await workbench.run('View: Close All Editors');
    await tree.menu(tree.row('web'), 'Show Details');
    await (await workbench.webview('h1')).locator('h1').first().waitFor();
    await workbench.page.mouse.move(1200, 700);
    await workbench.page.waitForTimeout(20_000);
    await keep('details');
  });

  it('a file as a form', async () => {
    await workbench.run('View: Close All Editors');
    await workbench.editor.open('my-virtualbox-vm.gaia.json');
    await workbench.run('Gaia: Open as Form');
    await (await workbench.webview('.groups')).locator('section h2').first().waitFor();
    await workbench.page.waitForTimeout(1500);
    await keep('form');
  });

  it('the plan of a file', async () => {
    await workbench.run('View: Close All Editors');
    await workbench.editor.open('lab.gaia.json');
    await workbench.run('Gaia: Plan', /^Gaia: Plan$|Gaia: Plan/);
    const plan = new TreeView(workbench.page, 'Plan');
    await plan.row('proxy').waitFor({ timeout: 60_000 });
    await plan.expand(plan.row('proxy'));
    await plan.row('hostname').click();
    await workbench.page.waitForTimeout(4000);
    await keep('plan');
  });
});
