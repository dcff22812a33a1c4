// A window of its own that remembers many machines, one after the other. Arguments: the folder, the file's address, how many.
import { machineId } from '../../../src/machines/machine.ts';
import { BindingStore } from '../../../src/ui/plan/bindings.ts';

const [folder = '', file = '', count = '0'] = process.argv.slice(2);
const store = new BindingStore({ folder, old: { get: (_key, otherwise) => otherwise } });
for (let i = 0; i < Number(count); i++) await store.bind(file, `child-${String(i)}`, machineId('fake', 'local', `child-${String(i)}`));
process.exit(0);
