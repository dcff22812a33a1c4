// A window of its own: takes its turn with a file, says so, and keeps it until it is ended. Arguments: the folder of the locks, the file.
import { Turns } from '../../../src/ui/plan/turns.ts';

const [folder = '', file = ''] = process.argv.slice(2);
await new Turns(folder).take(file, new AbortController().signal, async () => {
  console.log('in');
  await new Promise<void>(resolve => process.stdin.once('data', () => { resolve(); }));
}).catch((error: unknown) => { console.log(String(error)); });
process.exit(0);
