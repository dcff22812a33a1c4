// A real QEMU: its VNC server, its keyboard controller, and a program in its boot sector that says on the serial port what arrives there.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { atExit } from './atExit.mjs';
import { debianPackages, onPath } from './cache.mjs';

const program = 'qemu-system-x86_64';

/** Installs Debian's qemu-system-x86 where there is none. Throws Unavailable. */
export async function ensureQemu() {
  if (!onPath(program)) await debianPackages(['qemu-system-x86']);
}

/** Why there is none here, or undefined. For `it.skipIf`. */
export function qemuMissing() {
  return onPath(program) ? undefined : 'QEMU is not installed: npm run rig -- qemu';
}

/** With the interrupts off, so that the BIOS takes none: reads each byte of the keyboard controller and writes it to the first serial port. */
const echoesKeys = [
  0xfa,                   //       cli
  0xe4, 0x64,             // next: in al, 0x64
  0xa8, 0x01,             //       test al, 1         a byte is there
  0x74, 0xfa,             //       jz next
  0xe4, 0x60,             //       in al, 0x60
  0x88, 0xc4,             //       mov ah, al
  0xba, 0xfd, 0x03,       //       mov dx, 0x3fd
  0xec,                   // wait: in al, dx
  0xa8, 0x20,             //       test al, 0x20      the port is free
  0x74, 0xfb,             //       jz wait
  0x88, 0xe0,             //       mov al, ah
  0xba, 0xf8, 0x03,       //       mov dx, 0x3f8
  0xee,                   //       out dx, al
  0xeb, 0xe6,             //       jmp next
];

/** See qemu.d.mts. */
export async function startQemu() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gaia-qemu-'));
  const disk = path.join(folder, 'boot.img'), serial = path.join(folder, 'serial'), monitor = path.join(folder, 'qmp'), screen = path.join(folder, 'vnc');
  fs.writeFileSync(disk, Buffer.concat([Buffer.from(echoesKeys), Buffer.alloc(510 - echoesKeys.length), Buffer.from([0x55, 0xaa])]));
  // It ends with this process, however that ends.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, '-display', 'none', '-accel', 'tcg', '-m', '16', '-nic', 'none', '-drive', `file=${disk},format=raw`, '-vnc', `unix:${screen},password=on`, '-serial', `file:${serial}`, '-qmp', `unix:${monitor},server=on,wait=off`], { stdio: 'ignore' });
  const forget = atExit(() => child.kill('SIGKILL'));
  const stop = async () => {
    forget();
    const ended = new Promise(resolve => child.once('exit', resolve));
    if (child.exitCode === null && child.kill()) await ended;
    fs.rmSync(folder, { recursive: true, force: true });
  };
  for (const end = Date.now() + 15_000; !fs.existsSync(monitor) || !fs.existsSync(screen); await new Promise(resolve => setTimeout(resolve, 30))) {
    if (child.exitCode === null && Date.now() < end) continue;
    await stop();
    throw new Error('QEMU did not start');
  }
  return {
    screen, stop,
    scanCodes: () => [...fs.readFileSync(serial)],
    setPassword: password => command(monitor, { execute: 'set_password', arguments: { protocol: 'vnc', password } }),
  };
}

/** One command of QMP; throws what QEMU has against it. */
async function command(monitor, request) {
  const socket = net.connect(monitor);
  try {
    socket.write(`${JSON.stringify({ execute: 'qmp_capabilities' })}\n${JSON.stringify({ ...request, id: 1 })}\n`);
    let text = '';
    for await (const chunk of socket) {
      text += chunk;
      const answer = text.split('\n').filter(line => line.endsWith('}') || line.endsWith('}\r')).map(line => JSON.parse(line)).find(one => one.id === 1);
      if (answer?.error) throw new Error(answer.error.desc);
      if (answer) return;
    }
  } finally {
    socket.destroy();
  }
}
