import { BaseSequencer } from 'vitest/node';

export default class EvenShards extends BaseSequencer {}
