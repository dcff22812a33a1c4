// Progress as VBoxManage prints it while it works, on stderr: `0%...10%...20%...`. An import makes two runs, one after the other.

/** Reads chunks as they come; each call returns the latest fraction (0–1) of `runs` runs in all, or undefined when nothing new was said. */
export class ProgressReader {
  readonly #runs: number;
  #run = 0;
  #last = -1;
  #tail = '';

  constructor(runs = 1) {
    this.#runs = runs;
  }

  push(chunk: Uint8Array): number | undefined {
    const text = this.#tail + new TextDecoder('latin1').decode(chunk);
    // A number cut in two by the chunk's end is read with the next chunk.
    this.#tail = /\d{1,3}$/.exec(text)?.[0] ?? '';
    let seen = false;
    for (const match of text.matchAll(/(\d{1,3})%/g)) {
      const percent = Number(match[1]);
      if (percent > 100) continue;
      if (percent < this.#last) this.#run++;
      this.#last = percent;
      seen = true;
    }
    return seen ? Math.min(1, (Math.min(this.#run, this.#runs - 1) + this.#last / 100) / this.#runs) : undefined;
  }
}
