// What a create wants to find ready on this computer: disk formats, and cards whose addresses are known before the machine is made.
import { randomBytes } from 'node:crypto';
import type { CreateNeeds } from '../../machines/provider.ts';

export const createNeeds: CreateNeeds = {
  formats: ['vdi', 'vmdk', 'vhd', 'vhdx', 'qcow2', 'raw'],
  // Measured with VirtualBox 7.2.
  cannotRead: ['zstd', 'extendedL2'],
  cards: {
    addressIn: (options, index) => {
      const value = options[`macaddress${String(index)}`] ?? options[`mac-address${String(index)}`];
      return typeof value === 'string' && value !== 'auto' ? value : undefined;
    },
    // The range from which VirtualBox itself chooses.
    newAddress: () => `080027${randomBytes(3).toString('hex').toUpperCase()}`,
    withAddress: (index, address) => ({ [`macaddress${String(index)}`]: address }),
  },
};
